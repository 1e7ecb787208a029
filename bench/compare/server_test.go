package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for _, tt := range []struct {
		name, text, want, addr, admin string
	}{
		{"holes", "x=./s -addr {addr} -admin {admin}", "./s -addr 127.0.0.1:9001 -admin 127.0.0.1:9002", "127.0.0.1:9001", "127.0.0.1:9002"},
		{"port", "x=env PORT={port} ./s", "env PORT=9001 ./s", "127.0.0.1:9001", "invalid AddrPort"},
		{"both", "x=./s --addr={addr} --port {port}", "./s --addr=127.0.0.1:9001 --port 9001", "127.0.0.1:9001", "invalid AddrPort"},
		{"as written", "x=go run ./server -addr 127.0.0.1:4100", "go run ./server -addr 127.0.0.1:4100", "127.0.0.1:4100", "invalid AddrPort"},
		{"as written, inline", "x=./s --admin=127.0.0.1:5 -addr=127.0.0.1:4", "./s --admin=127.0.0.1:5 -addr=127.0.0.1:4", "127.0.0.1:4", "127.0.0.1:5"},
		{"quotes", `x='/a b/s' -addr {addr} "it's"`, "/a b/s -addr 127.0.0.1:9001 it's", "127.0.0.1:9001", "invalid AddrPort"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSpec(tt.text, counter())
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.argv, " "); got != tt.want || s.name != "x" || s.addr.String() != tt.addr || s.admin.String() != tt.admin {
				t.Errorf("got %s: %s at %v and %v", s.name, got, s.addr, s.admin)
			}
		})
	}
}

// counter gives out the ports from 9001 on.
func counter() func() (netip.AddrPort, error) {
	port := uint16(9000)
	return func() (netip.AddrPort, error) {
		port++
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), nil
	}
}

func TestParseSpecRefuses(t *testing.T) {
	for _, text := range []string{
		"", "x", "=./s -addr {addr}", "x=", "x='./s", "x=./s", "x=./s -addr", "x=./s -addr 0.0.0.0:4100", "x=./s -addr 127.0.0.1:0",
		"x=./s -addr {addr} -admin 10.1.1.1:1", "x=./s -addr localhost:4100",
	} {
		if s, err := parseSpec(text, counter()); err == nil {
			t.Errorf("%q: got %v, want an error", text, s)
		}
	}
}

func TestGoRun(t *testing.T) {
	for command, want := range map[string]string{
		"go run ./server -addr x": "./server", "go run -race ./server": "", "go run": "", "./server": "", "go test ./server": "",
	} {
		if got, ok := (spec{argv: strings.Fields(command)}).goRun(); got != want || ok != (want != "") {
			t.Errorf("%s: got %q and %v, want %q", command, got, ok, want)
		}
	}
}

// Words without quotes or spaces are what strings.Fields says, and quoting a
// word gives it back whole.
func FuzzSplitCommand(f *testing.F) {
	f.Add("./s -addr {addr}")
	f.Add(`a 'b c' "d'e"  ''`)
	f.Add(`'`)
	f.Fuzz(func(t *testing.T, command string) {
		words, err := splitCommand(command)
		if err != nil {
			return
		}
		if strings.ToValidUTF8(command, "") == command && !strings.ContainsAny(command, "'\"\v\f\r\u0085\u00a0") && !strings.ContainsFunc(command, func(r rune) bool { return r > 127 }) {
			if want := strings.Fields(command); !slices.Equal(words, want) {
				t.Fatalf("got %q, want %q", words, want)
			}
		}
		for _, word := range words {
			if strings.Contains(word, "'") {
				return
			}
		}
		again, err := splitCommand("'" + strings.Join(words, "' '") + "'")
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("got %q and %v, want %q", again, err, words)
		}
	})
}
