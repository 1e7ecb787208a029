package supervise

import (
	"context"
	"iter"
	"runtime"
	"sync/atomic"
	"time"
)

// StreamConfig configures AsyncStream. The zero value works.
type StreamConfig struct {
	// MaxConcurrency is how many functions run at once. Zero means GOMAXPROCS.
	MaxConcurrency int
	// Unordered gives results as they come. By default they come in the order of the inputs; at most twice MaxConcurrency inputs are then under way.
	Unordered bool
	// Timeout of each function: its context ends, its result is context.DeadlineExceeded, and the stream goes on without it. Zero means none.
	Timeout time.Duration
}

// item is one input under way.
type item[Out any] struct {
	value   Out
	err     error
	settled atomic.Bool // value and err will not be written by anyone else
	done    bool        // seen by the consumer
}

// AsyncStream calls f for each input, several at once, and yields the results: Task.Supervisor.async_stream. The inputs are pulled on the
// consumer's goroutine, no faster than results are consumed. An error or panic is the result of its input and does not end the stream. When the consumer breaks off,
// what is under way is cancelled. When ctx ends, what is under way is yielded, and then ctx's cause, so that a stream cut short is never taken for a whole one.
func AsyncStream[In, Out any](ctx context.Context, tasks *Tasks, inputs iter.Seq[In], f func(ctx context.Context, in In) (Out, error), cfg StreamConfig) iter.Seq2[Out, error] {
	if cfg.MaxConcurrency <= 0 {
		cfg.MaxConcurrency = runtime.GOMAXPROCS(0)
	}
	return func(yield func(Out, error) bool) {
		streamCtx, cancel := context.WithCancel(ctx)
		defer cancel()
		next, stop := iter.Pull(inputs)
		defer stop()
		s := &stream[In, Out]{ctx: streamCtx, tasks: tasks, f: f, cfg: cfg, settled: make(chan *item[Out], 2*cfg.MaxConcurrency)}
		more := true
		for {
			for more && ctx.Err() == nil && s.room() {
				in, ok := next()
				if more = ok; ok {
					s.begin(in)
				}
			}
			if len(s.queue) == 0 {
				break
			}
			s.receive()
			for it := s.take(); it != nil; it = s.take() {
				if !yield(it.value, it.err) {
					return
				}
			}
		}
		if more && ctx.Err() != nil {
			var zero Out
			yield(zero, context.Cause(ctx))
		}
	}
}

// stream is the consumer's view: only its goroutine touches the fields, but for the channel.
type stream[In, Out any] struct {
	ctx     context.Context
	tasks   *Tasks
	f       func(ctx context.Context, in In) (Out, error)
	cfg     StreamConfig
	queue   []*item[Out]    // under way or waiting for those before them, in order of input
	running int             // of these, how many are under way
	settled chan *item[Out] // capacity for the whole queue: nobody blocks on it
}

func (s *stream[In, Out]) room() bool {
	return s.running < s.cfg.MaxConcurrency && len(s.queue) < 2*s.cfg.MaxConcurrency
}

func (s *stream[In, Out]) begin(in In) {
	it := &item[Out]{}
	s.queue = append(s.queue, it)
	s.running++
	settle := func(value Out, err error) {
		if it.settled.CompareAndSwap(false, true) {
			it.value, it.err = value, err
			s.settled <- it
		}
	}
	ctx, cancel := s.ctx, context.CancelFunc(func() {})
	if s.cfg.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Timeout)
	}
	// A function that ignores its context does not hold up the stream.
	unhook := context.AfterFunc(ctx, func() {
		var zero Out
		settle(zero, context.Cause(ctx))
	})
	var value Out
	_, err := s.tasks.begin(ctx, func(ctx context.Context) (err error) {
		value, err = s.f(ctx, in)
		return err
	}, func(err error) {
		unhook()
		defer cancel()
		if err == nil {
			settle(value, nil)
			return
		}
		var zero Out
		settle(zero, err)
	})
	if err != nil {
		unhook()
		cancel()
		var zero Out
		settle(zero, err)
	}
}

// receive waits for at least one item to settle.
func (s *stream[In, Out]) receive() {
	it := <-s.settled
	for {
		it.done = true
		s.running--
		select {
		case it = <-s.settled:
		default:
			return
		}
	}
}

// take removes the next item to yield, nil if there is none yet.
func (s *stream[In, Out]) take() *item[Out] {
	for i, it := range s.queue {
		if it.done {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			return it
		}
		if !s.cfg.Unordered {
			return nil
		}
	}
	return nil
}
