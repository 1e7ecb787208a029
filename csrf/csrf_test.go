package csrf

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/token"
)

func tokens() *token.Tokens {
	return token.New(token.Config{Secrets: token.Secrets{strings.Repeat("a", 64)}})
}

// xor is the mask spelt out, to check the package with other code than its own.
func xor(a, b string) string {
	out := make([]byte, len(a))
	for i := range out {
		out[i] = a[i] ^ b[i]
	}
	return string(out)
}

func TestNew(t *testing.T) {
	a, b := New(), New()
	if len(a) != 24 || a == b {
		t.Errorf("got %q and %q, want 24 characters, never the same", a, b)
	}
	if raw, err := base64.URLEncoding.DecodeString(a); err != nil || len(raw) != 18 {
		t.Errorf("%q holds %d bytes, %v; want 18", a, len(raw), err)
	}
}

func TestMask(t *testing.T) {
	session := New()
	one, two := Mask(session), Mask(session)
	if len(one) != 56 || one == two {
		t.Fatalf("got %q and %q, want 56 characters, never the same", one, two)
	}
	hidden, err := base64.URLEncoding.DecodeString(one[:32])
	if err != nil || xor(string(hidden), one[32:]) != session {
		t.Errorf("%q does not hide %q (%v)", one, session, err)
	}
	for _, bad := range []string{"", "short", session + "x"} {
		if got := Mask(bad); got != "" {
			t.Errorf("Mask(%q): got %q, want nothing", bad, got)
		}
	}
}

// A token that Plug made: any mask will do, as long as it has 24 bytes.
func TestValidTakesWhatPlugMakes(t *testing.T) {
	session, mask := "abcdefghijklmnopqrstuvwx", "ABCDEFGHIJKLMNOPQRSTUVWX"
	presented := base64.URLEncoding.EncodeToString([]byte(strings.Repeat(" ", 24))) + mask
	if !Valid(session, presented) {
		t.Error("not valid")
	}
}

func TestValid(t *testing.T) {
	session := New()
	good := Mask(session)
	if !Valid(session, good) || !ValidFor(tokens(), session, good) {
		t.Fatal("a masked token is not valid")
	}
	other := New()
	bad := map[string][2]string{
		"another session":          {other, good},
		"token of another session": {session, Mask(other)},
		"no session token":         {"", good},
		"neither":                  {"", ""},
		"nothing presented":        {session, ""},
		"session token itself":     {session, session},
		"malformed session token":  {session[:23], good},
		"too short":                {session, good[:55]},
		"too long":                 {session, good + "A"},
		"not base64":               {session, "!" + good[1:]},
		"line break":               {session, good[:31] + "\n" + good[32:]},
		"padding":                  {session, good[:30] + "==" + good[32:]},
		"other alphabet":           {"\xff" + session[1:], base64.StdEncoding.EncodeToString([]byte("\xff"+strings.Repeat("\x00", 23))) + "\x00" + session[1:]},
	}
	for name, b := range bad {
		if Valid(b[0], b[1]) || ValidFor(tokens(), b[0], b[1]) {
			t.Errorf("%s: valid", name)
		}
	}
	for i := range good {
		if changed := good[:i] + string(good[i]^1) + good[i+1:]; Valid(session, changed) {
			t.Errorf("character %d changed: valid", i)
		}
	}
}

func TestHostTokens(t *testing.T) {
	session := New()
	presented, err := SignHost(tokens(), session, "shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := SignHost(tokens(), session, "shop.example.com")
	if presented == again {
		t.Error("two host tokens are the same")
	}
	if Valid(session, presented) {
		t.Error("Valid takes a host token; it cannot know the host")
	}
	tests := []struct {
		name  string
		hosts []string
		want  bool
	}{
		{"the host of the request", []string{"shop.example.com"}, true},
		{"in other letters", []string{"Shop.Example.COM"}, true},
		{"another host", []string{"example.com"}, false},
		{"allowed beside the request's", []string{"www.example.com", "shop.example.com"}, true},
		{"everything below", []string{"www.example.com", ".example.com"}, true},
		{"everything below another", []string{".hop.example.com"}, false},
		{"end of a name", []string{"hop.example.com"}, false},
		{"no host", nil, false},
		{"empty host", []string{""}, false},
	}
	for _, tt := range tests {
		if got := ValidFor(tokens(), session, presented, tt.hosts...); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if ValidFor(tokens(), New(), presented, "shop.example.com") {
		t.Error("valid for another session")
	}
	stranger := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("b", 64)}})
	if ValidFor(stranger, session, presented, "shop.example.com") {
		t.Error("valid under another secret")
	}
	if ValidFor(tokens(), session, presented[:len(presented)-1]+"-", "shop.example.com") {
		t.Error("valid with another MAC")
	}
	noHost, err := tokens().SignBytes(session, []byte("short"))
	if err != nil || ValidFor(tokens(), session, noHost, "shop.example.com", "") {
		t.Errorf("valid without a host (%v)", err)
	}
	empty, err := SignHost(tokens(), session, "")
	if err != nil || ValidFor(tokens(), session, empty, "", ".", "shop.example.com") {
		t.Errorf("valid for an empty host (%v)", err)
	}
	if _, err := SignHost(tokens(), "", "shop.example.com"); err == nil || !strings.HasPrefix(err.Error(), "csrf: ") {
		t.Errorf("without a session token: %v", err)
	}
}

// Whatever is presented, only what unmasks to the session token is valid, and checking the unmasking by hand agrees.
func FuzzMasked(f *testing.F) {
	const session = "abcdefghijklmnopqrstuvwx"
	f.Add(session, base64.URLEncoding.EncodeToString(make([]byte, 24))+session)
	f.Add(session, Mask(session))
	f.Add(session, strings.Repeat("\n", 56))
	f.Add("", "")
	f.Add(session, "SFMyNTY."+strings.Repeat("A", 50)+"."+strings.Repeat("A", 43))
	t := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("a", 64)}, KeyIterations: 1})
	f.Fuzz(func(tt *testing.T, session, presented string) {
		want := false
		if len(session) == 24 && len(presented) == 56 {
			hidden, err := base64.URLEncoding.DecodeString(presented[:32])
			want = err == nil && len(hidden) == 24 && xor(string(hidden), presented[32:]) == session
		}
		if got := Valid(session, presented); got != want {
			tt.Errorf("Valid(%q, %q): got %v, want %v", session, presented, got, want)
		}
		if got := ValidFor(t, session, presented, "localhost"); got != want {
			tt.Errorf("ValidFor(%q, %q): got %v, want %v", session, presented, got, want)
		}
		if m := Mask(session); (m != "") != Valid(session, m) {
			tt.Errorf("Mask(%q): got %q, valid %v", session, m, Valid(session, m))
		}
	})
}

func TestValidAllocatesNothing(t *testing.T) {
	session := New()
	presented := Mask(session)
	if n := testing.AllocsPerRun(100, func() { Valid(session, presented) }); n > allowedAllocs {
		t.Errorf("got %v allocations, want at most %d", n, allowedAllocs)
	}
}

func BenchmarkValid(b *testing.B) {
	session := New()
	presented := Mask(session)
	b.ReportAllocs()
	for b.Loop() {
		if !Valid(session, presented) {
			b.Fatal("not valid")
		}
	}
}
