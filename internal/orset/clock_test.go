package orset

import (
	"strings"
	"testing"
)

// context reads "a1 b2" as a Context.
func context(s string) Context {
	c := Context{}
	for f := range strings.FieldsSeq(s) {
		c[ref(f[:1])] = uint64(f[1] - '0')
	}
	return c
}

func clock(name, s string) Clock { return Clock{ref(name), context(s)} }

func names(rs []Replica) string {
	var ns []string
	for _, r := range rs {
		ns = append(ns, r.Name)
	}
	return strings.Join(ns, " ")
}

func TestClockDominates(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a1 b2 c3", "a1 b2", true},
		{"a1 b2", "a1 b2 c3", false}, // fewer entries
		{"a1 b2 c3", "b2 c3 d1", false},
		{"a1 b2 c3", "a1 b2 c3", true},
		{"a1 b2", "a2 b1", false},
		{"a1", "", true},
		{"", "", true},
		{"", "a0", false}, // not known is less than known by name
		{"a0", "", true},
	} {
		if got := context(c.a).Dominates(context(c.b)); got != c.want {
			t.Errorf("%q dominates %q: got %t", c.a, c.b, got)
		}
	}
}

func TestClockTheSetTrims(t *testing.T) {
	clocks := map[byte]Clock{
		'a': clock("a", "a1 b2 c3"),
		'b': clock("b", "b2 c3 d1"),
		'c': clock("c", "a1 b2"),
		'd': clock("d", "a1 b2 c3 d1"),
		'e': clock("e", ""),
	}
	for _, c := range []struct {
		set  string
		add  byte
		want string
	}{
		{"bc", 'a', "b c"}, // together they know it
		{"ab", 'c', "a b"},
		{"ab", 'a', "a b"},
		{"ab", 'b', "a b"},
		{"ac", 'b', "a b c"},
		{"c", 'a', "a"},
		{"ab", 'd', "d"},
		{"a", 'd', "d"},
		{"acb", 'd', "d"},
		{"a", 'e', "a"},
		{"a", 'a', "a"},
		{"", 'c', "c"},
	} {
		var set ClockSet
		for _, name := range []byte(c.set) {
			set = append(set, clocks[name])
		}
		if got := names(set.Append(clocks[c.add]).Replicas()); got != c.want {
			t.Errorf("%s with %c: got %q, want %q", c.set, c.add, got, c.want)
		}
	}
}

func TestClockUpperBound(t *testing.T) {
	want(t, "both", context("a1 b2 c2").UpperBound(context("a3 b1 d2")), context("a3 b2 c2 d2"))
	want(t, "left empty", context("").UpperBound(context("a3 b1 d2")), context("a3 b1 d2"))
	want(t, "right empty", context("a3 b1 d2").UpperBound(nil), context("a3 b1 d2"))
}

func TestClockLowerBoundKeepsMissingEntries(t *testing.T) {
	want(t, "both", context("a1 b2 c2").LowerBound(context("a3 b1 d2")), context("a1 b1 c2 d2"))
	want(t, "left empty", Context(nil).LowerBound(context("a3 b1 d2")), context("a3 b1 d2"))
	want(t, "right empty", context("a3 b1 d2").LowerBound(context("")), context("a3 b1 d2"))
}

func TestClockFilterReplicas(t *testing.T) {
	c := context("a1 b2 c3")
	want(t, "two", c.Filter(context("a9 b9")), context("a1 b2"))
	want(t, "one known", c.Filter(context("a0 d0")), context("a1"))
	want(t, "none known", c.Filter(context("d0")), context(""))
	want(t, "nil", c.Filter(nil), context(""))
}

func TestClockReplicas(t *testing.T) {
	want(t, "none", names(context("").Replicas()), "")
	want(t, "one", names(context("a1").Replicas()), "a")
	want(t, "several", names(context("c1 a1 b2").Replicas()), "a b c")
}

func TestClockAhead(t *testing.T) {
	for _, c := range []struct {
		name  string
		own   Clock
		heard []Clock
		want  string
	}{
		{"nobody heard", clock("a", "a1"), nil, ""},
		{"all behind", clock("a", "a3 b2 c1"), []Clock{clock("b", "a1 b2 c1"), clock("c", "c1 b1")}, ""},
		{"only the dominant one is asked", clock("a", "a3 b0 c0 d0"),
			[]Clock{clock("b", "b2 c1 d1 a0"), clock("c", "b2 c2 d2 a0"), clock("d", "b1 c1 d2 a0")}, "c"},
		{"each ahead in another way", clock("a", "a3 b0 c0"), []Clock{clock("b", "b2 c0"), clock("c", "b0 c2")}, "b c"},
		{"what one has not met does not count", clock("a", "a3 b2"), []Clock{clock("b", "a3 b2 x9")}, ""},
		{"one as far as oneself beside one ahead", clock("a", "a3 b0 c0"), []Clock{clock("b", "a3 b0 c0"), clock("c", "c3")}, "c"},
		{"an empty context", clock("a", "a3 b0"), []Clock{clock("b", "")}, ""},
	} {
		if got := names(c.own.Ahead(c.heard)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
