package ets

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type user struct {
	Name string
	Tags []string
}

func TestSaveAndLoadEveryKind(t *testing.T) {
	dir := t.TempDir()
	set, bag := NewSet[string, user](Config{}), NewBag[int, string](Config{})
	ordered, counters := NewOrdered[string, time.Time](Config{}), NewCounters[string](Config{})
	set.Put("a", user{"Ada", []string{"x"}})
	bag.Insert(1, "one")
	bag.Insert(1, "uno")
	ordered.Put("then", time.Unix(1, 0).UTC())
	counters.Add("n", 3)
	set2, bag2 := NewSet[string, user](Config{}), NewBag[int, string](Config{})
	ordered2, counters2 := NewOrdered[string, time.Time](Config{}), NewCounters[string](Config{})
	for i, pair := range [][2]Table{{set, set2}, {bag, bag2}, {ordered, ordered2}, {counters, counters2}} {
		name := filepath.Join(dir, string(rune('a'+i)))
		for range 2 { // the second save replaces the first
			if err := SaveFile(pair[0], name); err != nil {
				t.Fatal(err)
			}
		}
		if err := LoadFile(pair[1], name); err != nil {
			t.Fatal(err)
		}
	}
	for _, diff := range []string{
		cmp.Diff(set.Snapshot(), set2.Snapshot()), cmp.Diff(bag.Snapshot(), bag2.Snapshot()),
		cmp.Diff(ordered.Snapshot(), ordered2.Snapshot()), cmp.Diff(counters.Snapshot(), counters2.Snapshot()),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) != 0 {
		t.Errorf("temporary files are left: %v", left)
	}
	if err := LoadFile(bag2, filepath.Join(dir, "a")); err == nil || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want an error that names both kinds", err)
	}
}

func TestLoadedEntriesExpireWhenTheyWould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSet[string, int](Config{})
		s.PutTTL("short", 1, time.Second)
		s.PutTTL("long", 2, time.Minute)
		var saved bytes.Buffer
		if err := s.Save(&saved); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		s = NewSet[string, int](Config{})
		if err := s.Load(&saved); err != nil {
			t.Fatal(err)
		}
		if left, _ := s.TTL("long"); left != 50*time.Second || s.Len() != 1 {
			t.Errorf("got %d entries, %v left; want 1, 50s", s.Len(), left)
		}
	})
}

func TestLoadRefusesEveryDamage(t *testing.T) {
	s := NewSet[string, int](Config{})
	for i := range 3 {
		s.Put(string(rune('a'+i)), i)
	}
	var saved bytes.Buffer
	if err := s.Save(&saved); err != nil {
		t.Fatal(err)
	}
	for i := range saved.Len() {
		flipped := bytes.Clone(saved.Bytes())
		flipped[i] ^= 4
		for what, data := range map[string][]byte{"cut": saved.Bytes()[:i], "flipped": flipped} {
			into := NewSet[string, int](Config{})
			if err := into.Load(bytes.NewReader(data)); err == nil || into.Len() != 0 {
				t.Fatalf("%s at %d: got error %v and %d entries", what, i, err, into.Len())
			}
		}
	}
}

func TestSaveOfWhatGobCannot(t *testing.T) {
	dir := t.TempDir()
	s := NewSet[string, struct{ hidden int }](Config{})
	s.Put("f", struct{ hidden int }{1})
	if err := SaveFile(s, filepath.Join(dir, "f")); err == nil {
		t.Error("a value without exported fields was saved")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("a failed save leaves %v", left)
	}
}

func FuzzLoad(f *testing.F) {
	s := NewSet[string, user](Config{})
	for range 2 {
		var saved bytes.Buffer
		if err := s.Save(&saved); err != nil {
			f.Fatal(err)
		}
		f.Add(saved.Bytes())
		s.Put("a", user{"Ada", []string{"x"}})
	}
	f.Add([]byte("bennu-ets 1 set 18446744073709551615\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		into := NewSet[string, user](Config{})
		if err := into.Load(bytes.NewReader(data)); err != nil && into.Len() != 0 {
			t.Errorf("%v, but %d entries were loaded", err, into.Len())
		}
	})
}
