// Package proc gives Go what an Erlang process is: state with one owner, a mailbox, isolation from other
// processes' crashes, monitors, timers and names; at the price of a few words of memory and no goroutine while idle.
//
// # Terms
//
// A process is a mailbox and a [Behaviour]. It borrows a goroutine, a worker, only while it has messages. A message is any Go
// value; it is shared, not copied, so do not change what you have sent. The exit reason says why a process ended:
// [ErrNormal] and the shutdown reasons are orderly ends, everything else is a crash. A monitor tells one process of
// the end of another. A [Server] is a process in the shape of Erlang's GenServer, over your own state type.
//
// # Order
//
// Callbacks of one process never overlap, and what one callback wrote the next one sees. Messages from one sender
// to one process arrive in the order sent. Nothing is promised between several senders. [Process.Exit] overtakes
// the mailbox: it takes effect when the running callback returns. Timers never ring early, and intervals do not drift.
//
// A process ends in this order: its context is cancelled, Terminate is called, what is left in the mailbox is dropped and its callers get
// [ErrNoProcess], timers and monitors of its own end, a crash is reported, the supervisor is told, then monitors on it and registries.
//
// # Isolation
//
// A panic or an unexpected error in a callback ends that process only, and is reported once, with its stack.
// Go itself ends the whole program for an unrecovered panic in a goroutine of your own (use [Process.Go], which is
// recovered, instead of a bare go statement), concurrent map writes, stack overflow and lack of memory. Go cannot kill a goroutine:
// a callback that does not return keeps its goroutine, and its process ends only when it returns. Use the callback's
// context, which is cancelled with the exit reason as its cause. runtime.Goexit in a callback, as by testing's FailNow, ends that process too.
//
// # Limits
//
// A mailbox holds 1,000 messages unless the process says otherwise; [Process.Send] then reports [ErrFull],
// [Process.Deliver] ends the process with [ErrOverloaded]. Control messages (answers, monitors, leaves, drains) do not count and are never
// dropped. A System holds [Config.MaxProcesses]. Delays are cut to 30 years, and with the System's age they must not pass 34; the wheel's resolution is a millisecond.
//
// There are at most as many workers as processes with mail. Of those that have nothing more to do, 16 for each of GOMAXPROCS
// wait for the next process; their stacks, however deep they were, are back at their smallest after a few garbage collections.
//
// # Lock order
//
// A Registry's shard before a process. All others are taken alone, no two processes at once, and none is held while user code runs.
//
// # Cost
//
// Measured with this package's benchmarks on two cores of a Xeon, Go 1.26: an idle process takes 120 bytes and what its state takes (BenchmarkIdleMemory:
// 144 with a 24-byte state), no goroutine and no stack. A message to an idle process is handled and its sender told in 0.7 µs, one to a busy process in
// 0.08 µs, without allocation. Call takes 1.8 µs with a deadline in its context and 3 µs without, which costs a
// timer. Spawning, one message and the exit take 2 µs together, setting and stopping a timer 0.3 µs and one allocation. Deriving from a process's context starts no goroutine.
//
// # Source
//
// Erlang/OTP's processes and gen_server; G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987.
package proc
