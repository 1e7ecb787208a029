package ets

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// An operation is what one goroutine did to one key: apply tells what it would have returned, and left, in a given state.
type operation struct {
	name       string
	begin, end int64
	got        string
	apply      func(state string) (result, next string)
	run        func() string
}

// linearizable looks for an order of the operations that explains every result, and in which none comes before one that had
// ended when it began.
func linearizable(state string, ops []*operation) bool {
	if len(ops) == 0 {
		return true
	}
	for i, op := range ops {
		late := slices.ContainsFunc(ops, func(other *operation) bool { return other != op && other.end < op.begin })
		if late {
			continue
		}
		if result, next := op.apply(state); result == op.got {
			if linearizable(next, slices.Delete(slices.Clone(ops), i, i+1)) {
				return true
			}
		}
	}
	return false
}

func TestLinearizableKnowsBadHistories(t *testing.T) {
	put := &operation{begin: 1, end: 2, got: "", apply: func(string) (string, string) { return "", "1" }}
	stale := &operation{begin: 3, end: 4, got: "none", apply: func(s string) (string, string) { return s, s }}
	if linearizable("none", []*operation{put, stale}) {
		t.Error("a read that misses an earlier write was accepted")
	}
	stale.begin = 1
	if !linearizable("none", []*operation{put, stale}) {
		t.Error("a read beside a write was refused")
	}
}

const none = "none"

// histories runs small random histories by several goroutines and checks each.
func histories(t *testing.T, open func() (random func(r *rand.Rand) *operation)) {
	t.Helper()
	for round := range 300 {
		random := open()
		var clock atomic.Int64
		var wg sync.WaitGroup
		all := make([][]*operation, 3)
		start := make(chan struct{})
		for g := range all {
			r := rand.New(rand.NewPCG(uint64(round), uint64(g)))
			for range 4 {
				all[g] = append(all[g], random(r))
			}
			wg.Go(func() {
				<-start
				for _, op := range all[g] {
					op.begin = clock.Add(1)
					op.got = op.run()
					op.end = clock.Add(1)
				}
			})
		}
		close(start)
		wg.Wait()
		ops := slices.Concat(all...)
		if !linearizable(none, ops) {
			var b strings.Builder
			for _, op := range ops {
				fmt.Fprintf(&b, "%3d-%3d %s: %s\n", op.begin, op.end, op.name, op.got)
			}
			t.Fatalf("round %d: no order explains\n%s", round, b.String())
		}
	}
}

func show(v any, ok bool) string {
	if !ok {
		return none
	}
	return fmt.Sprint(v)
}

// keyValueOps are operations of Set and Ordered on one key.
func keyValueOps(s keyValue) func(r *rand.Rand) *operation {
	return func(r *rand.Rand) *operation {
		v := r.IntN(3)
		switch r.IntN(6) {
		case 0:
			return &operation{name: fmt.Sprint("put ", v),
				run:   func() string { s.PutTTL(1, v, 0); return "" },
				apply: func(string) (string, string) { return "", fmt.Sprint(v) }}
		case 1:
			return &operation{name: fmt.Sprint("insert new ", v),
				run: func() string { return fmt.Sprint(s.InsertNewTTL(1, v, 0)) },
				apply: func(old string) (string, string) {
					if old == none {
						return "true", fmt.Sprint(v)
					}
					return "false", old
				}}
		case 2:
			return &operation{name: "take",
				run:   func() string { return show(s.Take(1)) },
				apply: func(old string) (string, string) { return old, none }}
		case 3:
			return &operation{name: "increment",
				run: func() string { return show(s.Update(1, func(v int, _ bool) (int, bool) { return v + 1, true })) },
				apply: func(old string) (string, string) {
					n := 0
					fmt.Sscan(old, &n)
					return fmt.Sprint(n + 1), fmt.Sprint(n + 1)
				}}
		case 4:
			return &operation{name: "snapshot",
				run: func() string {
					for _, e := range s.Snapshot() {
						return fmt.Sprint(e.Value)
					}
					return none
				},
				apply: func(old string) (string, string) { return old, old }}
		default:
			return &operation{name: "get",
				run:   func() string { return show(s.Get(1)) },
				apply: func(old string) (string, string) { return old, old }}
		}
	}
}

func TestSetIsLinearizable(t *testing.T) {
	histories(t, func() func(*rand.Rand) *operation { return keyValueOps(NewSet[int, int](Config{})) })
}

func TestBoundedSetIsLinearizable(t *testing.T) {
	histories(t, func() func(*rand.Rand) *operation { return keyValueOps(NewSet[int, int](Config{MaxSize: 100})) })
}

func TestOrderedIsLinearizable(t *testing.T) {
	histories(t, func() func(*rand.Rand) *operation { return keyValueOps(NewOrdered[int, int](Config{})) })
}

func TestBagIsLinearizable(t *testing.T) {
	histories(t, func() func(*rand.Rand) *operation {
		b := NewBag[int, int](Config{})
		read := func(old string) (string, string) { return old, old }
		values := func(vs []int) string { return show(vs, len(vs) > 0) }
		parse := func(s string) (vs []int) {
			for f := range strings.FieldsSeq(strings.Trim(s, "[]")) {
				if n := 0; s != none {
					fmt.Sscan(f, &n)
					vs = append(vs, n)
				}
			}
			return vs
		}
		return func(r *rand.Rand) *operation {
			v := r.IntN(3)
			switch r.IntN(4) {
			case 0:
				return &operation{name: fmt.Sprint("insert ", v),
					run: func() string { return fmt.Sprint(b.Insert(1, v)) },
					apply: func(old string) (string, string) {
						vs := parse(old)
						if slices.Contains(vs, v) {
							return "false", old
						}
						return "true", values(append(vs, v))
					}}
			case 1:
				return &operation{name: fmt.Sprint("remove ", v),
					run: func() string { return fmt.Sprint(b.Remove(1, v)) },
					apply: func(old string) (string, string) {
						vs := parse(old)
						i := slices.Index(vs, v)
						if i < 0 {
							return "false", old
						}
						return "true", values(slices.Delete(vs, i, i+1))
					}}
			case 2:
				return &operation{name: "take", run: func() string { return values(b.Take(1)) },
					apply: func(old string) (string, string) { return old, none }}
			default:
				return &operation{name: "get", run: func() string { return values(b.Get(1)) }, apply: read}
			}
		}
	})
}

func TestCountersAreLinearizable(t *testing.T) {
	for _, size := range []int{0, 100} {
		histories(t, func() func(*rand.Rand) *operation {
			c := NewCounters[int](Config{MaxSize: size})
			return func(r *rand.Rand) *operation {
				d := int64(r.IntN(3))
				switch r.IntN(6) {
				case 0, 1:
					return &operation{name: fmt.Sprint("add ", d),
						run: func() string { return fmt.Sprint(c.Add(1, d)) },
						apply: func(old string) (string, string) {
							var n int64
							fmt.Sscan(old, &n)
							return fmt.Sprint(n + d), fmt.Sprint(n + d)
						}}
				case 2:
					return &operation{name: "take", run: func() string { return show(c.Take(1)) },
						apply: func(old string) (string, string) { return old, none }}
				case 3:
					return &operation{name: fmt.Sprint("put ", d), run: func() string { c.Put(1, d); return "" },
						apply: func(string) (string, string) { return "", fmt.Sprint(d) }}
				case 4:
					return &operation{name: "clear", run: func() string { c.Clear(); return "" },
						apply: func(string) (string, string) { return "", none }}
				default:
					return &operation{name: "get", run: func() string { return show(c.Get(1)) },
						apply: func(old string) (string, string) { return old, old }}
				}
			}
		})
	}
}
