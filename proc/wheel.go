package proc

import (
	"math/bits"
	"sync"
	"time"
)

const (
	wheelLevels = 5 // 256^5 ms is 34 years
	wheelSlots  = 256
	maxDelay    = 30 * 365 * 24 * time.Hour // what the wheel spans, and some
	tick        = time.Millisecond
)

// An Alarm is an entry of the System's timing wheel, to be embedded in what it wakes: it
// costs 48 bytes and no allocation. The zero Alarm is not set.
type Alarm struct {
	prev, next *Alarm
	at         int64 // tick
	target     Ringer
	list       *Alarm // head of the slot it hangs in; nil when not set
}

// A Ringer is woken by its Alarm, on a goroutine of the wheel: Ring must not block. Rings of one System never overlap. It may set the Alarm again.
// A Ring that is already on its way when its Alarm is cancelled still arrives.
type Ringer interface{ Ring() }

// wheel is a hierarchical timing wheel (Varghese and Lauck 1987, scheme 7). Level l holds, in the slot
// of its byte l, the alarms whose time shares all higher bytes with the present. It arms one runtime timer for the
// earliest slot that is not empty and none when all are empty.
type wheel struct {
	mu     sync.Mutex // guards the fields below, and every Alarm
	start  time.Time
	now    int64 // the last tick dealt with
	slots  [wheelLevels][wheelSlots]Alarm
	used   [wheelLevels][wheelSlots / 64]uint64
	timer  *time.Timer
	armed  int64 // tick for which timer is set; 0 is not set
	closed bool

	turning bool     // a goroutine rings, and will arm the timer when it is done
	due     []Ringer // what it rings
}

func newWheel() *wheel { return &wheel{start: time.Now()} }

func (w *wheel) tickAfter(d time.Duration) int64 {
	d = min(max(d, 0), maxDelay)
	at := int64((time.Since(w.start) + d + tick - 1) / tick) // rounded up: never early
	return min(at, 1<<(8*wheelLevels)-1)
}

// set makes a ring at or after d from now, in place of an earlier setting.
func (w *wheel) set(a *Alarm, target Ringer, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.removeLocked(a)
	if w.armed == 0 && !w.turning {
		w.now = max(w.now, int64(time.Since(w.start)/tick)) // nothing is set: catch up
	}
	a.at, a.target = max(w.tickAfter(d), w.now+1), target
	w.insertLocked(a)
	w.armLocked()
}

// cancel takes a off the wheel and says whether it was set.
func (w *wheel) cancel(a *Alarm) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := a.list != nil
	w.removeLocked(a)
	return was // the runtime timer may now ring once for nothing
}

func (w *wheel) insertLocked(a *Alarm) {
	level := 0
	if diff := uint64(a.at ^ w.now); diff != 0 {
		level = min((bits.Len64(diff)-1)/8, wheelLevels-1)
	}
	slot := int(a.at>>(8*level)) & (wheelSlots - 1)
	head := &w.slots[level][slot]
	if head.next == nil {
		head.next, head.prev = head, head
	}
	a.list, a.prev, a.next = head, head.prev, head
	a.prev.next, head.prev = a, a
	w.used[level][slot/64] |= 1 << (slot % 64)
}

func (w *wheel) removeLocked(a *Alarm) {
	if a.list == nil {
		return
	}
	a.prev.next, a.next.prev = a.next, a.prev
	a.prev, a.next, a.list, a.target = nil, nil, nil, nil
	// The slot's bit stays until the wheel passes it: an empty slot costs one vain wake-up.
}

// nextLocked finds the earliest tick at which a slot wants attention: level 0 rings, a higher one is dealt out anew.
func (w *wheel) nextLocked() (at int64, level, slot int, ok bool) {
	for level = range wheelLevels {
		from := int(w.now>>(8*level))&(wheelSlots-1) + 1
		for word := from / 64; word < wheelSlots/64; word++ {
			b := w.used[level][word]
			if word == from/64 {
				b &= ^uint64(0) << (from % 64)
			}
			if b != 0 {
				slot = word*64 + bits.TrailingZeros64(b)
				base := w.now >> (8 * (level + 1)) << (8 * (level + 1))
				return base | int64(slot)<<(8*level), level, slot, true
			}
		}
	}
	return 0, 0, 0, false
}

func (w *wheel) armLocked() {
	if w.turning {
		return
	}
	at, _, _, ok := w.nextLocked()
	switch {
	case !ok || w.closed:
		w.armed = 0
		if w.timer != nil {
			w.timer.Stop()
		}
		return
	case w.armed == at:
		return
	}
	w.armed = at
	d := time.Duration(at)*tick - time.Since(w.start)
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.turn)
	} else {
		w.timer.Reset(d)
	}
}

// turn brings the wheel to the present and rings what is due, one after the other: Rings never overlap.
func (w *wheel) turn() {
	w.mu.Lock()
	if w.turning {
		w.mu.Unlock() // the goroutine that is ringing looks again before it goes
		return
	}
	w.turning = true
	for w.collectLocked() {
		w.mu.Unlock()
		for _, r := range w.due {
			r.Ring()
		}
		clear(w.due)
		w.mu.Lock()
	}
	w.turning = false
	w.armed = 0
	w.armLocked()
	w.mu.Unlock()
}

// collectLocked moves to the present what has become due since the last time, and says whether there is any.
func (w *wheel) collectLocked() bool {
	w.due = w.due[:0]
	present := int64(time.Since(w.start) / tick)
	for {
		at, level, slot, ok := w.nextLocked()
		if !ok || at > present {
			break
		}
		w.now = at
		w.used[level][slot/64] &^= 1 << (slot % 64)
		head := &w.slots[level][slot]
		for head.next != nil && head.next != head {
			a := head.next
			target := a.target
			w.removeLocked(a)
			if level == 0 || a.at <= w.now {
				w.due = append(w.due, target)
				continue
			}
			a.target = target
			w.insertLocked(a)
		}
	}
	w.now = max(w.now, present)
	return len(w.due) > 0
}

// close forgets every alarm, so that the wheel is as new should it be opened again.
func (w *wheel) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.armed = 0
	if w.timer != nil {
		w.timer.Stop()
	}
	for level := range w.slots {
		for slot := range w.slots[level] {
			head := &w.slots[level][slot]
			for head.next != nil && head.next != head {
				w.removeLocked(head.next)
			}
		}
		clear(w.used[level][:])
	}
}

func (w *wheel) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
}
