package orset

import (
	"slices"
	"testing"
	"time"
)

func TestCountAndHasKey(t *testing.T) {
	states := cluster("a", "b")
	a, b := states[0], states[1]
	join(t, a, "lobby", 1, "ada")
	join(t, b, "lobby", 1, "bob")
	a.Merge(extract(b, a))
	for key, want := range map[string]bool{"ada": true, "bob": true, "al": false, "": false, "carl": false} {
		if got := a.HasKey("lobby", key); got != want {
			t.Errorf("HasKey(%q) is %v, want %v", key, got, want)
		}
	}
	if a.HasKey("hall", "ada") || a.Count("hall") != 0 {
		t.Error("there is nobody in the hall")
	}
	a.ReplicaDown(ref("b"))
	if a.HasKey("lobby", "bob") {
		t.Error("a hidden row counts as a key")
	}
	if got := a.Count("lobby"); got != 2 {
		t.Errorf("got %d rows, want 2, the hidden one included", got)
	}
}

func TestChangesAreReportedOnce(t *testing.T) {
	s, err := NewShard[string](ShardConfig{Replica: ref("a")})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	s.Receive(Message[string]{Kind: Heartbeat, From: ref("b"), Context: Context{}}, now)
	s.Receive(Message[string]{Kind: Farewell, From: ref("b")}, now)
	want := []Change{{ref("b"), Up}, {ref("b"), Down}, {ref("b"), PermDown}}
	if got := s.Changes(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.Changes(); len(got) != 0 {
		t.Errorf("got %v again", got)
	}
}
