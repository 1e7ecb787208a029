package presence

import (
	"fmt"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// shard holds a part of the topics, in one life of the tracker. Whoever tracks or lists takes its lock for as long as a few map accesses take; its
// process does what takes longer or has its time: diffs, news, silence.
//
// Lock order: shard.mu, then those of package proc. User code and other packages' callbacks never run under it.
type shard struct {
	life    *life
	process *proc.Process // set before the shard is used
	gossip  pubsub.Topic[packet]
	parts   parts // of the process alone

	mu     sync.Mutex // guards the fields below
	closed bool
	set    *orset.Shard[meta]
	topics map[string]*topic
	procs  map[uint64]*tracked
	seq    uint64 // of changes

	touched  []*topic // by the batch of changes at hand
	dirty    []*topic // with changes that wait for their window to end, in the order in which it does
	ready    []diff   // to go out, in order
	armed    bool     // a windowEnded is on its way
	posted   bool     // a flush is
	fetching int      // topics for which a Fetch runs
}

// tracked is a process with presences in this shard.
type tracked struct {
	shard *shard
	p     *proc.Process
	stop  func() // takes the watch back
	ended bool
	rows  int
}

// topic is what is known of a topic besides its rows. It exists while somebody is present or something is to be told.
type topic struct {
	name    string
	pending pending
	due     time.Duration // when the window ends, by System.Now
	quiet   time.Duration // from when on a change goes out at once
	touched bool          // listed in touched
	dirty   bool          // listed in dirty
	busy    bool          // a diff is going out: the next one waits for it
	cached  cached
	fields  fields
}

func newShard(l *life) *shard {
	set, err := orset.NewShard[meta](l.cfg.gossip())
	if err != nil {
		panic(err) // New has tried
	}
	return &shard{life: l, set: set, topics: make(map[string]*topic), procs: make(map[uint64]*tracked), parts: make(parts)}
}

func (s *shard) track(p *proc.Process, name, key string, body []byte) (ref string, err error) {
	var mine []diff
	for {
		t := s.watch(p)
		s.mu.Lock()
		switch {
		case s.closed:
			err = ErrNotRunning
		case t.ended:
			err = fmt.Errorf("presence: tracking %q in %q: %w", key, name, proc.ErrNoProcess)
		case s.procs[p.ID()] != t: // it untracked all it had, meanwhile
			s.mu.Unlock()
			continue
		default:
			ref = s.life.refs.next()
			row, ok := s.set.State().Join(name, p.ID(), key, newMeta(body, ref, ""))
			if !ok {
				err = fmt.Errorf("%w: process %s, topic %q, key %q; Update changes its meta", ErrAlreadyTracked, p.Label(), name, key)
				break
			}
			t.rows++
			s.join(row)
			mine = s.done(true)
		}
		stop := s.unwatchLocked(t)
		s.mu.Unlock()
		stop()
		s.publish(mine)
		return ref, err
	}
}

// watch returns p's entry, made if there is none.
func (s *shard) watch(p *proc.Process) *tracked {
	s.mu.Lock()
	t := s.procs[p.ID()]
	s.mu.Unlock()
	if t != nil {
		return t
	}
	t = &tracked{shard: s, p: p}
	stop := p.Watch(t.exited) // without the lock: it may call back at once
	s.mu.Lock()
	have := s.procs[p.ID()]
	switch {
	case t.ended:
		have = t
	case have == nil:
		t.stop = stop
		s.procs[p.ID()] = t
		have = t
	}
	s.mu.Unlock()
	if have != t { // another goroutine was faster
		stop()
	}
	return have
}

// unwatchLocked forgets a process that has nothing tracked. The caller calls what it returns without the lock.
func (s *shard) unwatchLocked(t *tracked) (stop func()) {
	if t.rows > 0 || s.procs[t.p.ID()] != t {
		return func() {}
	}
	delete(s.procs, t.p.ID())
	return t.stop
}

// exited is called when the process has ended: it has left everything, at once.
func (t *tracked) exited(error) {
	s := t.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ended = true
	if s.procs[t.p.ID()] != t {
		return
	}
	delete(s.procs, t.p.ID())
	if s.closed {
		return
	}
	s.leaveAllLocked(t)
	s.done(false)
}

func (s *shard) leaveAllLocked(t *tracked) {
	for _, row := range s.set.State().LeaveAll(t.p.ID()) {
		s.leave(row)
	}
	t.rows = 0
}

// get returns the meta that p tracks.
func (s *shard) get(p *proc.Process, name, key string) (meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.getLocked(p, name, key)
}

func (s *shard) getLocked(p *proc.Process, name, key string) (meta, error) {
	if s.closed {
		return "", ErrNotRunning
	}
	row, ok := s.set.State().Get(name, p.ID(), key)
	if !ok {
		return "", fmt.Errorf("%w: process %s, topic %q, key %q; Track it first", ErrNotTracked, p.Label(), name, key)
	}
	return row.Meta, nil
}

// update replaces a meta. With old set it does so only if the meta is still that one, and returns "" if it is not.
func (s *shard) update(p *proc.Process, name, key string, old meta, body []byte) (ref string, err error) {
	s.mu.Lock()
	m, err := s.getLocked(p, name, key)
	if err != nil || old != "" && m != old {
		s.mu.Unlock()
		return "", err
	}
	ref = s.life.refs.next()
	before, after, _ := s.set.State().Update(name, p.ID(), key, newMeta(body, ref, m.ref()))
	s.leave(before)
	s.join(after)
	mine := s.done(true)
	s.mu.Unlock()
	s.publish(mine)
	return ref, nil
}

func (s *shard) untrack(p *proc.Process, name, key string) {
	s.mu.Lock()
	t := s.procs[p.ID()]
	if s.closed || t == nil {
		s.mu.Unlock()
		return
	}
	if row, ok := s.set.State().Leave(name, p.ID(), key); ok {
		t.rows--
		s.leave(row)
	}
	mine := s.done(true)
	stop := s.unwatchLocked(t)
	s.mu.Unlock()
	stop()
	s.publish(mine)
}

func (s *shard) untrackAll(p *proc.Process) {
	s.mu.Lock()
	t := s.procs[p.ID()]
	if s.closed || t == nil {
		s.mu.Unlock()
		return
	}
	s.leaveAllLocked(t)
	mine := s.done(true)
	stop := s.unwatchLocked(t)
	s.mu.Unlock()
	stop()
	s.publish(mine)
}

// close ends the shard's life and returns its last message to other nodes.
func (s *shard) close() orset.Envelope[meta] {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.set.Farewell()
}

// orphans are the processes that were tracked when the shard was closed and live on.
func (s *shard) orphans() (ps []*proc.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.procs {
		ps = append(ps, t.p)
	}
	return ps
}

// join and leave note what became visible in the batch of changes at hand, which done ends.

func (s *shard) join(row orset.Row[meta]) {
	s.touch(row.Topic).pending.join(item{row.Key, row.Meta}, s.seq)
}

func (s *shard) leave(row orset.Row[meta]) {
	s.touch(row.Topic).pending.leave(item{row.Key, row.Meta}, s.seq)
}

func (s *shard) touch(name string) *topic {
	s.seq++
	t := s.topics[name]
	if t == nil {
		t = &topic{name: name}
		s.topics[name] = t
	}
	if !t.touched {
		t.touched = true
		s.touched = append(s.touched, t)
	}
	return t
}

func (s *shard) apply(d orset.Diff[meta]) {
	for _, row := range d.Leaves {
		s.leave(row)
	}
	for _, row := range d.Joins {
		s.join(row)
	}
	s.done(false)
}

// present says whether anybody is in the topic.
func (s *shard) present(name string) bool {
	for range s.set.State().Topic(name) {
		return true
	}
	return false
}

// tidy forgets a topic of which there is nothing left to tell.
func (s *shard) tidy(t *topic) {
	if t.pending.empty() && !t.dirty && !t.busy && !s.present(t.name) {
		delete(s.topics, t.name)
	}
}
