package channel

import (
	"fmt"
	"slices"
	"strings"
)

// pattern is a topic, or a family of topics: "room:lobby", "room:*" (any rest), "tenant:{tenant}:room:{id}" (a name is
// one segment between colons, not empty).
type pattern struct {
	text     string
	literal  bool     // no wildcard at all
	prefix   string   // without names: up to the *
	segments []string // with names: split at colons; "{x}" is a name, a last "*" any rest
}

func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	if text == "" {
		return p, fmt.Errorf("channel: a topic pattern is empty")
	}
	if star := strings.IndexByte(text, '*'); star >= 0 && star != len(text)-1 {
		return p, fmt.Errorf("channel: topic pattern %q: * must be the last character", text)
	}
	if !strings.ContainsAny(text, "{}") {
		p.prefix, p.literal = strings.TrimSuffix(text, "*"), !strings.HasSuffix(text, "*")
		return p, nil
	}
	seen := map[string]bool{}
	p.segments = strings.Split(text, ":")
	for i, s := range p.segments {
		if !strings.ContainsAny(s, "{}") {
			if s == "*" && i == len(p.segments)-1 || !strings.Contains(s, "*") {
				continue
			}
			return p, fmt.Errorf("channel: topic pattern %q: beside names, * must be a whole segment", text)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
		if len(name) != len(s)-2 || name == "" || strings.ContainsAny(name, "{}*") {
			return p, fmt.Errorf("channel: topic pattern %q: segment %q must be text or {name}", text, s)
		}
		if seen[name] {
			return p, fmt.Errorf("channel: topic pattern %q: {%s} comes twice", text, name)
		}
		seen[name] = true
	}
	return p, nil
}

func (p *pattern) match(topic string) bool {
	if p.segments == nil {
		if p.literal {
			return topic == p.prefix
		}
		return strings.HasPrefix(topic, p.prefix)
	}
	rest, more := topic, true
	for i, want := range p.segments {
		if want == "*" && i == len(p.segments)-1 {
			return more
		}
		if !more {
			return false
		}
		var got string
		got, rest, more = strings.Cut(rest, ":")
		if strings.HasPrefix(want, "{") {
			if got == "" {
				return false
			}
			continue
		}
		if got != want {
			return false
		}
	}
	return !more
}

// has reports whether the pattern has the name, or "*".
func (p *pattern) has(name string) bool {
	if name == "*" {
		return strings.HasSuffix(p.text, "*")
	}
	return slices.Contains(p.segments, "{"+name+"}")
}

// param returns what the name, or "*", stands for in topic; empty if the pattern has no such name.
func (p *pattern) param(topic, name string) string {
	if p.segments == nil {
		if name == "*" && !p.literal {
			return topic[len(p.prefix):]
		}
		return ""
	}
	rest := topic
	for i, want := range p.segments {
		if want == "*" && i == len(p.segments)-1 {
			if name == "*" {
				return rest
			}
			return ""
		}
		var got string
		got, rest, _ = strings.Cut(rest, ":")
		if want == "{"+name+"}" {
			return got
		}
	}
	return ""
}
