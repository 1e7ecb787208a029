package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/etf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		table := NewMemoryTable()
		s := NewServerStore(table, ServerConfig{TTL: time.Hour})
		value, err := s.Put(ctx, "", map[string]any{"user_id": 1, "list": []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"user_id": int64(1), "list": []any{"a"}}
		id, data, err := s.Get(ctx, value)
		if diff := cmp.Diff(want, data); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		again, err := s.Put(ctx, id, map[string]any{"user_id": 2})
		if again != value || err != nil {
			t.Errorf("got %q, %v: the key changes with the data", again, err)
		}
		if other, _ := s.Put(ctx, "", nil); other == value || len(other) != keySize {
			t.Errorf("got %q twice", other)
		}

		// What is in the table is of no use in a cookie, and does not hold the key.
		for rowID, row := range table.rows.All() {
			if _, data, _ := s.Get(ctx, rowID); data != nil || strings.Contains(fmt.Sprint(row), value) || rowID == value {
				t.Errorf("%s gets %v", rowID, data)
			}
		}

		// Used, it lives; not used, it ends; ended, it cannot be written.
		for range 5 {
			time.Sleep(40 * time.Minute)
			if _, data, _ := s.Get(ctx, value); data == nil {
				t.Fatal("a session that is used has ended")
			}
		}
		time.Sleep(time.Hour)
		if _, data, _ := s.Get(ctx, value); data != nil {
			t.Error("a session that is not used has not ended")
		}
		if err := s.Delete(ctx, id); err != nil {
			t.Error(err)
		}
		if _, err := s.Put(ctx, id, nil); !errors.Is(err, ErrGone) {
			t.Errorf("got %v, want ErrGone", err)
		}
		if err := s.Delete(ctx, id); err != nil {
			t.Errorf("deleting again: %v", err)
		}
		if _, err := s.Put(ctx, "", map[string]any{"a": strings.Repeat("x", 1<<20)}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
		if _, err := s.Put(ctx, "", map[string]any{"a": make(chan int)}); err == nil || !strings.HasPrefix(err.Error(), "session: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestServerStoreSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := NewMemoryTable()
		s := NewServerStore(table, ServerConfig{TTL: time.Hour, SweepEvery: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		if _, err := s.Put(ctx, "", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		if _, err := s.Put(ctx, "", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Minute)
		if n := table.Len(); n != 1 {
			t.Errorf("got %d rows, want 1", n)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: got %v", err)
		}
	})
}

// malicious is a table that somebody else writes to, or that breaks.
type malicious struct {
	*MemoryTable
	row   func(id string) Row
	err   error
	found bool
}

func (m malicious) Load(_ context.Context, id string) (Row, bool, error) {
	return m.row(id), true, m.err
}
func (m malicious) Insert(context.Context, Row) error         { return m.err }
func (m malicious) Update(context.Context, Row) (bool, error) { return m.found, m.err }
func (m malicious) Delete(context.Context, string) error      { return m.err }
func (m malicious) DeleteExpired(context.Context, time.Time) (int, error) {
	return 0, m.err
}

func TestMaliciousTable(t *testing.T) {
	later := time.Now().Add(300 * time.Hour)
	good, err := etf.Marshal(map[string]any{"user_id": 1})
	if err != nil {
		t.Fatal(err)
	}
	list, err := etf.Marshal([]any{1})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]func(id string) Row{
		"good":                  func(id string) Row { return Row{id, good, later} },
		"another row":           func(id string) Row { return Row{strings.Repeat("0", 64), good, later} },
		"no data":               func(id string) Row { return Row{id, nil, later} },
		"no map":                func(id string) Row { return Row{id, list, later} },
		"cut":                   func(id string) Row { return Row{id, good[:len(good)-1], later} },
		"a function":            func(id string) Row { return Row{id, []byte("\x83t\x00\x00\x00\x01m\x00\x00\x00\x01aq"), later} },
		"a bomb":                func(id string) Row { return Row{id, []byte("\x83P\xff\xff\xff\xffx\x9c"), later} },
		"a length that is lies": func(id string) Row { return Row{id, []byte("\x83t\xff\xff\xff\xff"), later} },
		"megabytes":             func(id string) Row { return Row{id, make([]byte, 2<<20), later} },
		"expired":               func(id string) Row { return Row{id, good, time.Now()} },
		"never expires":         func(id string) Row { return Row{id, good, time.Time{}} },
		"ends while prolonged":  func(id string) Row { return Row{id, good, time.Now().Add(time.Hour)} },
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		s := NewServerStore(malicious{row: rows[name]}, ServerConfig{})
		id, data, err := s.Get(t.Context(), newKey())
		if want := name == "good"; (data != nil) != want || (id != "") != want || err != nil {
			t.Errorf("%s: got %q, %v, %v", name, id, data, err)
		}
	}

	down := NewServerStore(malicious{row: rows["good"], err: errDown}, ServerConfig{})
	if _, data, err := down.Get(t.Context(), newKey()); !errors.Is(err, errDown) || data != nil {
		t.Errorf("Get: %v, %v", data, err)
	}
	for _, value := range []string{"", "x", strings.Repeat("a", 10_000), "' OR 1=1 --"} {
		if _, data, err := down.Get(t.Context(), value); err != nil || data != nil {
			t.Errorf("%.20q is asked for", value)
		}
	}
	for _, id := range []string{"", newKey()} {
		if _, err := down.Put(t.Context(), id, nil); !errors.Is(err, errDown) {
			t.Errorf("Put: %v", err)
		}
	}
	if err := down.Delete(t.Context(), newKey()); !errors.Is(err, errDown) {
		t.Errorf("Delete: %v", err)
	}
	if err := down.Delete(t.Context(), ""); err == nil {
		t.Error("an empty id was deleted")
	}
}

func TestSweepThatFailsIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		s := NewServerStore(malicious{err: errDown}, ServerConfig{Logger: slog.New(slog.NewTextHandler(&b, nil))})
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Minute)
		defer cancel()
		if err := s.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if strings.Count(b.String(), "expired sessions not deleted") != 2 {
			t.Errorf("got %q", b.String())
		}
	})
}

func TestServerConfigRefused(t *testing.T) {
	for want, f := range map[string]func(){
		"NewMemoryTable": func() { NewServerStore(nil, ServerConfig{}) },
		"TTL 1s":         func() { NewServerStore(NewMemoryTable(), ServerConfig{TTL: time.Second}) },
		"MaxSize -1":     func() { NewServerStore(NewMemoryTable(), ServerConfig{MaxSize: -1}) },
		"SweepEvery -1s": func() { NewServerStore(NewMemoryTable(), ServerConfig{SweepEvery: -time.Second}) },
		`cookie "a b"`:   func() { NewServerStore(NewMemoryTable(), ServerConfig{Key: "a b"}) },
		"Load(nil)":      func() { Load(nil) },
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, want) || !strings.HasPrefix(v, "session: ") {
					t.Errorf("got panic %q, want %q", v, want)
				}
			}()
			f()
		}()
	}
	if _, err := Read(httptest.NewRequest("GET", "/", nil), NewServerStore(NewMemoryTable(), ServerConfig{})); err != nil {
		t.Error(err)
	}
	table := NewMemoryTable()
	if err := errors.Join(table.Insert(t.Context(), Row{ID: "a"}), table.Insert(t.Context(), Row{ID: "a"})); err == nil {
		t.Error("one id, two rows")
	}
}
