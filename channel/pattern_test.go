package channel

import (
	"regexp"
	"strings"
	"testing"
)

// modelOf is a pattern as a regular expression, in which each name is a group.
func modelOf(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	named := strings.ContainsAny(pattern, "{}")
	for i, segment := range strings.Split(pattern, ":") {
		if i > 0 {
			b.WriteString(":")
		}
		switch {
		case named && strings.HasPrefix(segment, "{"):
			b.WriteString(`([^:]+)`)
		case strings.HasSuffix(segment, "*"):
			b.WriteString(regexp.QuoteMeta(strings.TrimSuffix(segment, "*")) + `(.*)`)
		default:
			b.WriteString(regexp.QuoteMeta(segment))
		}
	}
	return regexp.MustCompile(b.String() + `\z`)
}

func checkPattern(t *testing.T, text, topic string) {
	p, err := parsePattern(text)
	if err != nil {
		if !strings.HasPrefix(err.Error(), "channel: ") {
			t.Errorf("%q: %v", text, err)
		}
		return
	}
	if !isText(text) || !isText(topic) {
		return // the model knows runes, patterns know bytes
	}
	groups := modelOf(text).FindStringSubmatch(topic)
	if got, want := p.match(topic), groups != nil; got != want {
		t.Fatalf("%q matches %q: got %v, want %v", text, topic, got, want)
	}
	if groups == nil {
		return
	}
	for _, segment := range strings.Split(text, ":") {
		name := segment
		switch {
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}"):
			name = segment[1 : len(segment)-1]
		case strings.HasSuffix(segment, "*"):
			name = "*"
		default:
			continue
		}
		groups = groups[:1+copy(groups[1:], groups[1:])]
		if got := p.param(topic, name); got != groups[1] {
			t.Errorf("%q of %q: {%s} is %q, want %q", text, topic, name, got, groups[1])
		}
		groups = append(groups[:1], groups[2:]...)
	}
	if got := p.param(topic, "no such name"); got != "" {
		t.Errorf("%q of %q: a name that it has not is %q", text, topic, got)
	}
}

func isText(s string) bool { return strings.ToValidUTF8(s, "") == s }

var patternCases = []struct{ pattern, topic string }{
	{"room:lobby", "room:lobby"}, {"room:lobby", "room:lobby2"}, {"room:*", "room:"}, {"room:*", "room:a:b"}, {"room:*", "room"}, {"*", ""}, {"*", "x"},
	{"tenant:{tenant}:room:{id}", "tenant:a:room:b"}, {"tenant:{tenant}:room:{id}", "tenant:a:room:"}, {"tenant:{tenant}:room:{id}", "tenant:a:room:b:c"},
	{"tenant:{tenant}:room:{id}", "tenant::room:b"}, {"{a}", "x"}, {"{a}", ""}, {"{a}", "x:y"}, {"{a}:*", "x:"}, {"{a}:*", "x"}, {"{a}:*", "x:y:z"},
	{"a:{b}:c", "a:b:c"}, {"a:{b}:c", "a:b:d"}, {"a:{b}:c", "a:b"}, {"a*b", "ab"}, {"", ""}, {"{", ""}, {"{}", ""}, {"{a}{b}", "x"}, {"{a}:{a}", "x:x"}, {"{a}:b*", "x:b"},
	{"{a*}", "x"}, {"a}", "a}"}, {":", ":"}, {"{a}:", "x:"}, {":{a}", ":x"},
}

func TestPatterns(t *testing.T) {
	for _, c := range patternCases {
		checkPattern(t, c.pattern, c.topic)
	}
	p, err := parsePattern("tenant:{tenant}:room:{id}")
	if err != nil || p.param("tenant:acme:room:7", "tenant") != "acme" || p.param("tenant:acme:room:7", "id") != "7" {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzPattern(f *testing.F) {
	for _, c := range patternCases {
		f.Add(c.pattern, c.topic)
	}
	f.Fuzz(checkPattern)
}

func TestMatchingAllocatesNothing(t *testing.T) {
	s := &socket{}
	for _, text := range []string{"room:lobby", "room:*", "tenant:{tenant}:room:{id}", "{a}:*"} {
		p, err := parsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		s.routes = append(s.routes, &definition{pattern: p})
	}
	if n := testing.AllocsPerRun(100, func() {
		if s.route("tenant:acme:room:7") == nil || s.route("nothing") != nil {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
