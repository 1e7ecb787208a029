package transport

import (
	"fmt"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// memory is how much there is, in bytes.
type memory struct {
	process   uint64 // held by this process, as Go counts it
	available uint64 // to be had without swapping
	total     uint64 // of the machine, or of the cgroup; 0: available is not known
}

// memoryGuard looks at the memory at most once a memoryPeriod, and only when clients come. It holds no lock while it looks: whoever comes meanwhile goes by the
// last finding.
type memoryGuard struct {
	maxProcess   uint64 // 0: off
	minAvailable uint64 // 0: off
	read         func(available bool) memory
	next         atomic.Int64 // when to look again: a time.Duration
	found        atomic.Pointer[string]
}

const (
	memoryPeriod      = time.Second
	minAvailablePart  = 32
	minAvailableBound = 512 << 20
)

func newMemoryGuard(maxProcess, minAvailable int64, read func(bool) memory) *memoryGuard {
	g := &memoryGuard{maxProcess: uint64(maxProcess), read: read}
	switch {
	case minAvailable > 0:
		g.minAvailable = uint64(minAvailable)
	case minAvailable == 0:
		g.minAvailable = min(read(true).total/minAvailablePart, minAvailableBound)
	}
	return g
}

// low reports whether memory is short.
func (g *memoryGuard) low(now time.Duration) bool {
	if g.maxProcess == 0 && g.minAvailable == 0 {
		return false
	}
	next := g.next.Load()
	if int64(now) >= next && g.next.CompareAndSwap(next, int64(now+memoryPeriod)) {
		g.look()
	}
	return g.found.Load() != nil
}

func (g *memoryGuard) look() {
	m := g.read(g.minAvailable > 0)
	var why string
	switch {
	case g.maxProcess > 0 && m.process > g.maxProcess:
		why = fmt.Sprintf("the process holds %d MiB and Limits.MaxMemory is %d MiB", m.process>>20, g.maxProcess>>20)
	case g.minAvailable > 0 && m.total > 0 && m.available < g.minAvailable:
		why = fmt.Sprintf("%d MiB are available and Limits.MinAvailable is %d MiB", m.available>>20, g.minAvailable>>20)
	default:
		g.found.Store(nil)
		return
	}
	g.found.Store(&why)
}

// why says what was found.
func (g *memoryGuard) why() string {
	if why := g.found.Load(); why != nil {
		return *why
	}
	return "it was a moment ago"
}

// readMemory asks the runtime and, if available is wanted too, the system.
func readMemory(available bool) (m memory) {
	samples := [...]metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples[:])
	m.process = samples[0].Value.Uint64() - samples[1].Value.Uint64()
	if available {
		m.available, m.total = systemMemory()
	}
	return m
}
