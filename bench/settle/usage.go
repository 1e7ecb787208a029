package settle

import (
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/metrics"
	"time"
)

// The hooks beside [Path].
const (
	UsagePath = "/debug/usage"
	GCPath    = "/debug/gc"
)

// Usage is what GET [UsagePath] answers.
type Usage struct {
	CPU        time.Duration `json:"cpu_ns"` // of the process so far, user and system
	Goroutines int           `json:"goroutines"`
}

// GC is what GET [GCPath] answers: the cost of one full cycle of the collector.
type GC struct {
	Wall      time.Duration `json:"wall_ns"`
	CPU       time.Duration `json:"cpu_ns"`       // that the process used meanwhile, whatever for
	Collector time.Duration `json:"collector_ns"` // that the runtime says its collector used
	Heap      uint64        `json:"heap_bytes"`   // in use afterwards
}

func usage(w http.ResponseWriter, _ *http.Request) {
	answer(w, Usage{processCPU(), runtime.NumGoroutine()})
}

func collect(w http.ResponseWriter, _ *http.Request) {
	began, cpu, collector := time.Now(), processCPU(), collectorCPU()
	runtime.GC()
	g := GC{Wall: time.Since(began), CPU: processCPU() - cpu, Collector: collectorCPU() - collector}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	g.Heap = stats.HeapAlloc
	answer(w, g)
}

// collectorCPU is brought up to date at the end of a cycle.
func collectorCPU() time.Duration {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	return time.Duration(s[0].Value.Float64() * float64(time.Second))
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// A client that has gone away is nobody's error.
	_ = json.NewEncoder(w).Encode(v)
}
