// Package child starts the measured server as a process of its own, counts what it logs, reads what it costs, and ends it.
//
// # Terms
//
// A [Process] is a server that was started here.
//
// # Order
//
// A Process is waited for from Start on; Exited is closed when that has returned. Any goroutine may call any method.
//
// # Limits
//
// Linux, by whose means processes are read. Of standard error the first MiB is kept. A process ends with its parent at the latest.
//
// # Source
//
// proc(5): stat, status, fd.
package child
