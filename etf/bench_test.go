package etf

import "testing"

var session = map[string]any{"_csrf_token": "abcdefghijklmnopqrstuvwx", "user_id": int64(42), "live_socket_id": "users_sessions:42",
	"phoenix_flash": map[string]any{"info": "Welcome back"}}

func BenchmarkMarshal(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, 512)
	for b.Loop() {
		if _, err := Append(buf, session); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data, err := Marshal(session)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTokenPayloadAllocations(t *testing.T) {
	var payload any = Tuple{"42", int64(1_700_000_000_000), int64(86400)}
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { Append(buf, payload) }); n > 0 {
		t.Errorf("Append of a token's payload: %v allocations, want 0", n)
	}
}
