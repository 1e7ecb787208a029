package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

// spec is one server to measure.
type spec struct {
	name string
	argv []string
	addr netip.AddrPort
	// tls says that the server speaks TLS, and is driven through a relay.
	tls bool
	// only lists the scenarios that it takes part in; nil means all.
	only []string
	// admin is where the server settles its memory; the zero value if nowhere.
	admin netip.AddrPort
}

// parseSpec reads NAME=COMMAND; free chooses what the command leaves open.
func parseSpec(text string, free func() (netip.AddrPort, error)) (spec, error) {
	name, command, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return spec{}, fmt.Errorf("server %q: write NAME=COMMAND, such as 'bennu=go run ./server -addr {addr} -admin {admin}'", text)
	}
	argv, err := splitCommand(command)
	if err != nil {
		return spec{}, fmt.Errorf("server %s: %w", name, err)
	}
	s := spec{name: name, argv: argv}
	if s.addr, err = s.place("addr", free); err != nil {
		return spec{}, err
	}
	if !s.addr.IsValid() {
		return spec{}, fmt.Errorf("server %s: the command names no address: write {addr} or {port} where it belongs, or -addr 127.0.0.1:4100", name)
	}
	for i := range s.argv {
		s.argv[i] = strings.ReplaceAll(s.argv[i], "{port}", strconv.Itoa(int(s.addr.Port())))
	}
	if s.admin, err = s.place("admin", free); err != nil {
		return spec{}, err
	}
	s.tls = slices.Contains(s.argv, "-tls") || slices.Contains(s.argv, "--tls")
	return s, nil
}

// place finds the address called name in the command: its placeholder, which is
// then filled in, or the value of the flag of that name.
func (s *spec) place(name string, free func() (netip.AddrPort, error)) (netip.AddrPort, error) {
	hole := "{" + name + "}"
	line := strings.Join(s.argv, " ")
	if strings.Contains(line, hole) || name == "addr" && strings.Contains(line, "{port}") {
		ap, err := free()
		if err != nil {
			return ap, fmt.Errorf("server %s: %w", s.name, err)
		}
		for i := range s.argv {
			s.argv[i] = strings.ReplaceAll(s.argv[i], hole, ap.String())
		}
		return ap, nil
	}
	for i, word := range s.argv {
		flag, value, inline := strings.Cut(word, "=")
		if flag != "-"+name && flag != "--"+name {
			continue
		}
		if !inline && i+1 < len(s.argv) {
			value = s.argv[i+1]
		}
		ap, err := loopback.AddrPort(value)
		if err == nil && ap.Port() == 0 {
			err = errors.New("port 0 hides the address from here; write {" + name + "}")
		}
		if err != nil {
			return ap, fmt.Errorf("server %s: %s: %w", s.name, flag, err)
		}
		return ap, nil
	}
	return netip.AddrPort{}, nil
}

// goRun reports the package of "go run PACKAGE ...", which is built once
// instead. With flags before the package it is left alone.
func (s spec) goRun() (pkg string, ok bool) {
	if len(s.argv) < 3 || s.argv[0] != "go" || s.argv[1] != "run" || strings.HasPrefix(s.argv[2], "-") {
		return "", false
	}
	return s.argv[2], true
}

// splitCommand cuts a command into words as a shell does, with quotes and
// nothing else: no variables, no pipes.
func splitCommand(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	for _, c := range command {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the command has an open %c", quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("the command is empty")
	}
	return words, nil
}
