//go:build benchscale

package transport

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// The build tag benchscale is for measuring more connections than one table of files may have. Each shard's goroutine keeps a thread of its own, which leaves the
// process's table for one of its own when it gets its poller: the limit of open files is one of a table. It costs a thread a shard, and every write from elsewhere
// is one more item of the shard, so nobody else wants it.
//
// What follows from it: a connection's descriptor means something on its shard's thread only, so all that is done to it is done there. The shard does nothing else
// with descriptors but its log's writes to standard error.

// System calls that package syscall has no names for; the numbers are the same on all of Go's systems.
const (
	sysPidfdOpen  = 434
	sysCloseRange = 436
	sysPidfdGetfd = 438
)

// pinning is what a Shard knows of its thread.
type pinning struct {
	tid    atomic.Int32 // of the thread, while it has a table of its own; else 0
	leader uintptr      // a pidfd of the process, whose table is that of its first thread
}

// ownThread keeps the goroutine on its thread, and says no on the process's first: the table of that one has to stay the process's. Who returns while locked to
// the first thread leaves it unused for ever; any other ends with its goroutine, and its table with it.
func (s *Shard) ownThread() bool {
	runtime.LockOSThread()
	return syscall.Gettid() != syscall.Getpid()
}

// pin gives the thread a table of its own, with as little in it as possible: a copy of a client's descriptor would keep its connection open for ever.
func (s *Shard) pin() error {
	keep, err := shared()
	if err != nil {
		return err
	}
	if err := syscall.Unshare(syscall.CLONE_FILES); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	from := 0
	for _, fd := range append(keep, math.MaxInt32) {
		if from < fd {
			if _, _, errno := syscall.Syscall(sysCloseRange, uintptr(from), uintptr(fd-1), 0); errno != 0 {
				return os.NewSyscallError("close_range", errno)
			}
		}
		from = fd + 1
	}
	leader, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(syscall.Getpid()), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("pidfd_open", errno)
	}
	s.pinning.leader = leader
	s.pinning.tid.Store(int32(syscall.Gettid()))
	return nil
}

// shared lists, in order, what every table has: the standard files, and what Go's scheduler polls and is woken with, on whatever thread it happens to run. That and
// the shards' own are all that is anonymous.
func shared() (keep []int, err error) {
	const dir = "/proc/thread-self/fd"
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		what, err := os.Readlink(dir + "/" + e.Name())
		if err == nil && fd <= 2 || strings.HasPrefix(what, "anon_inode:[event") { // eventfd, eventpoll
			keep = append(keep, fd)
		}
	}
	slices.Sort(keep)
	return keep, nil
}

// unpin ends the thread and goes on with the shard on another one. It does not return.
func (s *Shard) unpin(eventfd int) {
	s.pinning.tid.Store(0)
	go func() {
		syscall.Close(eventfd) // the process's copy
		s.work()
	}()
	runtime.Goexit()
}

// adopt moves the connection's descriptor from the process's table into the thread's. After a failure there is no descriptor.
func (s *Shard) adopt(c *wsConn) bool {
	theirs := int(c.fd)
	own, _, errno := syscall.Syscall(sysPidfdGetfd, s.pinning.leader, uintptr(theirs), 0)
	go syscall.Close(theirs) // on a thread that has the process's table
	if errno != 0 {
		c.fd = math.MaxInt32 // closing it does nothing
		return false
	}
	c.fd = int32(own)
	if c.nc != nil {
		c.nc.under.fd = int(own)
	}
	return true
}

// elsewhere reports whether the descriptor means nothing on this thread: one under the poller belongs to the shard's thread, any other to all threads but shards'.
func (c *wsConn) elsewhere() bool {
	onShard := int(c.shard.pinning.tid.Load()) == syscall.Gettid()
	return onShard != c.polled()
}

// wake is done by a goroutine of its own: the one that posts may be another shard, in whose table the number is something else's. The poller may have gone by then.
func (s *Shard) wake() {
	p := s.poller
	go func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.poller == p {
			p.wake()
		}
	}()
}

// postFlush has the shard write what is queued.
func (c *wsConn) postFlush() { c.shard.PostFunc(c.writable) }
