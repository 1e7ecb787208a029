package ets

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/proc"
)

func TestTableDiesWithItsOwner(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		owner, _ := inbox(t, sys)
		tables := &Tables{}
		s := NewSet[string, int](Config{Name: "seats", Owner: owner})
		if err := tables.Add(s); err != nil {
			t.Fatal(err)
		}
		s.Put("a", 1)
		owner.Exit(nil)
		synctest.Wait()
		if !s.Closed() || s.Member("a") || s.Len() != 0 {
			t.Errorf("got closed %v, member %v, len %d; want an empty closed table", s.Closed(), s.Member("a"), s.Len())
		}
		s.Put("b", 2)
		if s.InsertNew("c", 3) || s.Len() != 0 {
			t.Error("a closed table took entries")
		}
		if v, ok := s.Update("d", func(int, bool) (int, bool) { return 4, true }); ok || v != 0 {
			t.Errorf("Update of a closed table returned %d, %v", v, ok)
		}
		if _, err := Find[*Set[string, int]](tables, "seats"); !errors.Is(err, ErrNoTable) {
			t.Errorf("got %v, want ErrNoTable", err)
		}
	})
}

func TestEveryKindRefusesWhenClosed(t *testing.T) {
	b, o, c := NewBag[int, int](Config{}), NewOrdered[int, int](Config{}), NewCounters[int](Config{})
	for _, table := range []Table{b, o, c} {
		table.Close()
		table.Close() // harmless
	}
	b.Insert(1, 1)
	o.Put(1, 1)
	c.Put(1, 1)
	if got := c.Add(1, 5); got != 5 {
		t.Errorf("got %d, want 5 as of a counter that was deleted just afterwards", got)
	}
	if o.InsertNew(1, 1) {
		t.Error("InsertNew into a closed table said that it did")
	}
	for _, table := range []Table{b, o, c} {
		if table.Len() != 0 || !table.Closed() {
			t.Errorf("%s: got len %d, closed %v", table.Kind(), table.Len(), table.Closed())
		}
	}
}

func TestOwnerThatHasEndedAlready(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		owner, _ := inbox(t, sys)
		owner.Exit(nil)
		synctest.Wait()
		if s := NewSet[int, int](Config{Owner: owner}); !s.Closed() {
			t.Error("the table lives without its owner")
		}
	})
}

func TestHeirInherits(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		owner, _ := inbox(t, sys)
		heir, got := inbox(t, sys)
		s := NewSet[string, int](Config{Owner: owner, Heir: heir, HeirData: "seats"})
		s.Put("a", 1)
		owner.Exit(errors.New("crash"))
		synctest.Wait()
		want := Transfer{Table: s, From: owner, Data: "seats"}
		if tr := <-got; tr != want {
			t.Errorf("got %v, want %v", tr, want)
		}
		if s.Owner() != heir || !s.Member("a") {
			t.Errorf("the heir does not own what was there")
		}
		heir.Exit(nil)
		synctest.Wait()
		if !s.Closed() {
			t.Error("the table outlived its heir")
		}
	})
}

func TestHeirThatIsGone(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		owner, _ := inbox(t, sys)
		heir, _ := inbox(t, sys)
		s := NewSet[string, int](Config{Owner: owner, Heir: heir})
		heir.Exit(nil)
		synctest.Wait()
		owner.Exit(nil)
		synctest.Wait()
		if !s.Closed() {
			t.Error("the table lives with nobody to own it")
		}
	})
}

func TestGiveAway(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		first, _ := inbox(t, sys)
		second, got := inbox(t, sys)
		s := NewCounters[string](Config{Owner: first})
		s.GiveAway(second, 17)
		if tr := <-got; tr.Table != s || tr.From != first || tr.Data != 17 {
			t.Errorf("got %v", tr)
		}
		first.Exit(nil)
		synctest.Wait()
		if s.Closed() {
			t.Error("the end of a former owner closed the table")
		}
		second.Exit(nil)
		synctest.Wait()
		if !s.Closed() {
			t.Error("the end of the owner did not close the table")
		}
	})
}

func TestSweep(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		for _, table := range []Table{
			NewSet[int, int](Config{System: sys, TTL: 10 * time.Second}),
			NewBag[int, int](Config{System: sys, TTL: 10 * time.Second}),
			NewOrdered[int, int](Config{System: sys, TTL: 10 * time.Second}),
			NewCounters[int](Config{System: sys, TTL: 10 * time.Second}),
		} {
			put := func(k int) {
				switch table := table.(type) {
				case *Set[int, int]:
					table.Put(k, k)
				case *Bag[int, int]:
					table.Insert(k, k)
				case *Ordered[int, int]:
					table.Put(k, k)
				case *Counters[int]:
					table.Add(k, 1)
				}
			}
			put(1)
			time.Sleep(5 * time.Second)
			put(2)
			time.Sleep(5*time.Second + time.Millisecond)
			synctest.Wait()
			if table.Len() != 1 {
				t.Errorf("%s: got %d entries after the first sweep, want 1", table.Kind(), table.Len())
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if i := table.Info(); i.Len != 0 || i.Expired != 2 {
				t.Errorf("%s: got %d entries, %d expired; want 0, 2", table.Kind(), i.Len, i.Expired)
			}
			put(3) // after a pause without a timer
			time.Sleep(20 * time.Second)
			synctest.Wait()
			if table.Len() != 0 {
				t.Errorf("%s: nobody swept after a pause", table.Kind())
			}
			table.Close()
		}
		synctest.Wait()
		if n := sys.Count(); n != 0 {
			t.Errorf("%d sweepers outlive their tables", n)
		}
	})
}

func TestNothingToSweepNeedsNoTimer(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := NewSet[int, int](Config{System: sys})
		s.Put(1, 1)
		if sys.Count() != 0 {
			t.Error("a table whose entries do not expire has a sweeper")
		}
		s.PutTTL(2, 2, time.Second)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for p := range sys.Processes() {
			if p.Info().Timers != 0 {
				t.Error("a sweeper holds a timer though nothing can expire")
			}
		}
		if s.Len() != 1 {
			t.Errorf("got %d entries, want 1", s.Len())
		}
	})
}

func TestSweeperComesBackWithItsSystem(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := NewSet[int, int](Config{System: sys, TTL: time.Second})
		s.Put(1, 1)
		for p := range sys.Processes() {
			p.Exit(errors.New("crash"))
		}
		synctest.Wait()
		s.Put(2, 2)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if s.Len() != 0 {
			t.Errorf("got %d entries, want none: nobody swept", s.Len())
		}
	})
}

func TestTables(t *testing.T) {
	tables := &Tables{}
	users := NewSet[string, int](Config{Name: "users"})
	hits := NewCounters[string](Config{Name: "hits"})
	for _, table := range []Table{users, hits} {
		if err := tables.Add(table); err != nil {
			t.Fatal(err)
		}
	}
	if err := tables.Add(NewBag[int, int](Config{Name: "users"})); !errors.Is(err, ErrNameTaken) {
		t.Errorf("got %v, want ErrNameTaken", err)
	}
	if got, err := Find[*Set[string, int]](tables, "users"); err != nil || got != users {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := Find[*Set[string, string]](tables, "users"); err == nil || errors.Is(err, ErrNoTable) {
		t.Errorf("got %v, want an error that names both types", err)
	}
	names := []string{}
	for name := range tables.All() {
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"hits", "users"}, names); diff != "" {
		t.Error(diff)
	}
	users.Close()
	if err := tables.Add(users); !errors.Is(err, ErrNoTable) {
		t.Errorf("got %v, want ErrNoTable for a closed table", err)
	}
	if err := tables.Add(NewBag[int, int](Config{Name: "users"})); err != nil {
		t.Errorf("the name of a closed table is not free: %v", err)
	}
}

func TestWrongConfig(t *testing.T) {
	for name, open := range map[string]func(){
		"negative TTL":          func() { NewSet[int, int](Config{TTL: -1}) },
		"negative MaxSize":      func() { NewSet[int, int](Config{MaxSize: -1}) },
		"nobody sweeps":         func() { NewSet[int, int](Config{TTL: 1}) },
		"bounded ordered":       func() { NewOrdered[int, int](Config{MaxSize: 1}) },
		"heir without an owner": func() { NewSet[int, int](Config{Heir: &proc.Process{}}) },
		"prefix in own order": func() {
			Prefix(NewOrderedFunc[string, int](Config{}, func(a, b string) int { return len(a) - len(b) }), "a")
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v := recover(); v == nil || !strings.HasPrefix(fmt.Sprint(v), "ets: ") {
					t.Errorf("got %v, want a panic that says what is wrong", v)
				}
			}()
			open()
		})
	}
}
