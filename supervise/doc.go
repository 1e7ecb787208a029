// Package supervise starts long-running things in order, watches them, starts them again when they fail, and stops them in
// reverse order: Erlang's supervisors, for Go's blocking functions and for processes of package proc.
//
// # Terms
//
// A [Service] is one blocking function of a context. A [Supervisor] runs its children and is a Service itself, so that
// supervisors nest: a supervision tree. A [Child] is a service, a constructor of one, or the definition of a process. Its [Restart]
// says after which ends it is started again, the supervisor's [Strategy] says who is started again with it. The restart
// intensity is how many restarts within a window are still a repair; one more is escalated: the supervisor stops
// everything and ends with an error, which is for its own supervisor to deal with. A [Dynamic] supervises children
// that come and go. [Tasks] are functions that run once, beside their caller.
//
// # Order
//
// Children start in the order given, each after the one before is ready: a [ReadyService] says when, by calling [Ready]; any other
// service is ready once its Run is called, a process once its Init has returned. They stop in reverse order, one by one, each
// when the one after it has ended. A child's context is its own: cancelling the context of
// the supervisor's Run does not reach the children directly, the supervisor cancels each in its turn, with the cause [proc.ErrShutdown].
//
// If starting one fails at the beginning, those before it are stopped in reverse order and Run returns the error. If starting fails
// in a restart, that is one more failure, for the strategy and the intensity to deal with.
//
// With [OneForOne] a failed child is started again. With [RestForOne] those after it are stopped first and started after it, with
// [OneForAll] all others. Temporary children that are stopped on the way stay stopped.
//
// # Ends
//
// A service that returns nil, [proc.ErrNormal] or [proc.ErrShutdown] has ended in order. Any other error, a panic and runtime.Goexit are failures. Permanent
// children are started again after either, transient ones after failures, temporary ones never. A panic ends only the
// child whose goroutine it was on, and is reported once with its stack. Go itself ends the program when a goroutine
// that a service started on its own panics: see package proc.
//
// Go cannot end a goroutine from outside. A child that has not ended within its stop time-out is abandoned: reported with its stack,
// and never started a second time while the old one still runs. Its supervisor stops the others and ends with [ErrAbandoned], and so
// do those above it: what they would restart would be a second copy.
//
// # Lock order
//
// Supervisor or Ref before instance. All others are taken alone.
//
// # Limits
//
// 3 restarts within 5 seconds, 5 seconds to stop, 30 seconds to become ready, unless said otherwise; supervisors as children
// have all the time that their own children need. A process adopted by a Dynamic costs it one map entry, about 16 bytes. Tasks
// are bounded by [TasksConfig.MaxTasks].
//
// # Source
//
// Erlang/OTP 27: supervisor (strategies, intensity, significant children); Elixir 1.18: DynamicSupervisor, Task, Task.Supervisor.
// The shape of a service is that of github.com/thejerf/suture. Other than in Erlang, where a killed process is gone, an abandoned child blocks its restart.
package supervise
