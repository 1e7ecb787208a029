package ets

import (
	"fmt"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// Config of a table. The zero Config works.
type Config struct {
	// Name stands in listings and in the panics of wrong use. Empty means the kind of table.
	Name string
	// TTL is how long entries live that say nothing else. Zero means until they are deleted.
	TTL time.Duration
	// SweepEvery is how often expired entries are looked for, when there may be any. Zero means TTL, but between a second
	// and a minute; negative means never: call Sweep. The whole table is read each time.
	SweepEvery time.Duration
	// System has the sweeping done. Nil means that nobody does: call Sweep. Required with a TTL, unless SweepEvery is negative or MaxSize bounds the table.
	System *proc.System
	// MaxSize bounds the number of keys, or the sum of costs in a [BoundedConfig]. Zero means no limit. An Ordered takes none.
	MaxSize int
	// Owner closes the table by ending. Nil means that nobody does, but [Table.Close].
	Owner *proc.Process
	// Heir gets the table, and a [Transfer], when the owner ends. Nil means none.
	Heir *proc.Process
	// HeirData is what the Transfer to the heir says.
	HeirData any
}

// BoundedConfig is the Config of a Set whose size is more than a number of keys.
type BoundedConfig[K comparable, V any] struct {
	Config
	// Cost of an entry, taken when it is put. MaxSize bounds the sum. An entry of cost zero is never evicted. Nil means 1 each.
	Cost func(key K, value V) uint32
	// Evicted is told of every entry that was evicted, soon after, on the goroutine of some later write and with no lock held. Nil means nobody is.
	Evicted func(key K, value V)
}

const (
	minSweep = time.Second
	maxSweep = time.Minute
)

func (c Config) withDefaults(kind Kind) Config {
	if c.Name == "" {
		c.Name = string(kind)
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = maxSweep
		if c.TTL > 0 {
			c.SweepEvery = min(max(c.TTL, minSweep), maxSweep)
		}
	}
	return c
}

// validate panics: these are mistakes in the program's wiring.
func (c Config) validate(kind Kind) {
	wrong := func(format string, args ...any) {
		panic(fmt.Sprintf("ets: table %q: ", c.Name) + fmt.Sprintf(format, args...))
	}
	switch {
	case c.TTL < 0:
		wrong("TTL is %v; zero means that entries do not expire", c.TTL)
	case c.MaxSize < 0:
		wrong("MaxSize is %d; zero means no limit", c.MaxSize)
	case c.MaxSize > 0 && kind == KindOrdered:
		wrong("an ordered set has no MaxSize; delete from an end of it, as First and Last show them")
	case c.TTL > 0 && c.System == nil && c.SweepEvery > 0 && c.MaxSize == 0:
		wrong("entries expire but nobody would sweep them: set System, or a negative SweepEvery and call Sweep, or MaxSize")
	case c.Heir != nil && c.Owner == nil:
		wrong("there is an Heir but no Owner to inherit from")
	}
}
