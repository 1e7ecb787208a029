package deflate

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	const no, yes, yes15, bad = "", answer, answerWindow, "error"
	for _, tc := range []struct {
		offers string // values of the header, one a line
		want   string
	}{
		{"", no},
		{"permessage-deflate", yes},
		{"  permessage-deflate\t", yes},
		{"permessage-deflate; client_max_window_bits", yes}, // Chromium, Firefox, Safari
		{"permessage-deflate;client_max_window_bits=10", yes},
		{`permessage-deflate; client_max_window_bits="15"`, yes},
		{`permessage-deflate; client_max_window_bits="1\5"`, yes},
		{"permessage-deflate ; client_max_window_bits = 8", yes},
		{"permessage-deflate; server_no_context_takeover; client_no_context_takeover", yes},
		{"permessage-deflate; server_max_window_bits=15", yes15},
		{`permessage-deflate; client_max_window_bits; server_max_window_bits="15"`, yes15},
		{"permessage-deflate; server_max_window_bits=14", no},
		{"permessage-deflate; server_max_window_bits=8", no},
		{"permessage-deflate; server_max_window_bits=8, permessage-deflate", yes},
		{"permessage-deflate; server_max_window_bits=10\npermessage-deflate; server_max_window_bits=15", yes15},
		{"permessage-deflate, permessage-deflate; server_max_window_bits=15", yes},
		{"permessage-deflate; server_max_window_bits", no},
		{"permessage-deflate; server_max_window_bits=7", no},
		{"permessage-deflate; server_max_window_bits=16", no},
		{"permessage-deflate; server_max_window_bits=015", no},
		{"permessage-deflate; client_max_window_bits=7", no},
		{"permessage-deflate; client_max_window_bits=08", no},
		{"permessage-deflate; client_max_window_bits=1000", no},
		{"permessage-deflate; client_max_window_bits=x", no},
		{"permessage-deflate; server_no_context_takeover=1", no},
		{"permessage-deflate; client_no_context_takeover=x", no},
		{"permessage-deflate; unknown", no},
		{"permessage-deflate; unknown=1, permessage-deflate", yes},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits", no},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits=9", no},
		{"permessage-deflate; server_no_context_takeover; server_no_context_takeover", no},
		{"permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", no},
		{"permessage-deflate; Server_no_context_takeover", no},
		{"x-webkit-deflate-frame", no},
		{"x-webkit-deflate-frame; no_context_takeover, permessage-deflate; client_max_window_bits", yes},
		{`foo; a="b"; c, bar;d=e,,permessage-deflate,`, yes},
		{"foo\npermessage-deflate", yes},
		{"permessage-bzip2, permessage-deflate-2", no},
		{"permessage-deflate; ", bad},
		{"permessage-deflate client_max_window_bits", bad},
		{"permessage-deflate; client_max_window_bits=", bad},
		{`permessage-deflate; client_max_window_bits=""`, bad},
		{`permessage-deflate; client_max_window_bits="15`, bad},
		{`permessage-deflate; client_max_window_bits="1 5"`, bad},
		{`permessage-deflate; client_max_window_bits="15\`, bad},
		{"permessage-deflate; =15", bad},
		{"; permessage-deflate", bad},
		{"permessage-deflate, @", bad},
		{"permessage-deflate\n\"x\"", bad},
		{"permessage-d\u00e9flate", bad},
	} {
		got, err := Negotiate(strings.Split(tc.offers, "\n"))
		if err != nil {
			got = bad
		}
		if got != tc.want {
			t.Errorf("%q: got %q (%v), want %q", tc.offers, got, err, tc.want)
		}
	}
	if got, err := Negotiate(nil); got != "" || err != nil {
		t.Errorf("no header: got %q and %v", got, err)
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, s := range []string{"permessage-deflate; client_max_window_bits", `a;b="c\d", permessage-deflate;server_max_window_bits=15`, `"`, "a;b=\"\\", ",,;", "permessage-deflate;x=\"y\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Negotiate([]string{s})
		if err != nil {
			if got != "" {
				t.Fatalf("%q: answer %q beside an error", s, got)
			}
			return
		}
		if got != "" && !strings.Contains(s, name) {
			t.Fatalf("%q: nobody offered what is answered", s)
		}
		// A second value changes nothing when the first was enough, and is as good as an element behind a comma when it was not.
		for _, more := range []string{"permessage-deflate", "foo; bar=1"} {
			two, err := Negotiate([]string{s, more})
			one, err1 := Negotiate([]string{s + "," + more})
			if two != one || err != nil || err1 != nil {
				t.Fatalf("%q and %q: %q, %v as two headers; %q, %v as one", s, more, two, err, one, err1)
			}
			if got != "" && two != got {
				t.Fatalf("%q: %q, but with %q behind it %q", s, got, more, two)
			}
		}
	})
}
