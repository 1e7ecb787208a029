package router

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a parsed path.
type pattern struct {
	segs []segment
	// glob is true if the path goes on with any segments, or none; globName is empty for Forward's.
	glob     bool
	globName string
}

// segment is a literal, a parameter, or a parameter after a literal.
type segment struct {
	src  string // as it was written
	lit  string // decoded: the whole literal, or what stands before the parameter
	name string // of the parameter; empty: a literal
}

// parsePattern parses a path as definitions write it.
func parsePattern(path string) (pattern, error) {
	switch {
	case path == "":
		return pattern{}, errors.New(`the path is empty; write "/" for the path of the scope itself`)
	case path[0] != '/':
		return pattern{}, fmt.Errorf("path %q must begin with a slash: %q", path, "/"+path)
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		return pattern{}, fmt.Errorf("path %q: routes are found by path alone; leave out %q, or write %%%02X for that character", path, path[i:], path[i])
	}
	if i := strings.IndexFunc(path, func(c rune) bool { return c <= ' ' || c == 0x7f }); i >= 0 {
		return pattern{}, fmt.Errorf("path %q: write %%%02X for the character at offset %d", path, path[i], i)
	}
	if !utf8.ValidString(path) {
		return pattern{}, fmt.Errorf("path %q is not UTF-8; percent-encode its bytes", path)
	}
	var p pattern
	for src := range strings.SplitSeq(path, "/") {
		if src == "" {
			continue
		}
		seg, glob, err := parseSegment(src)
		if err != nil {
			return pattern{}, fmt.Errorf("path %q: %w", path, err)
		}
		if p.glob {
			return pattern{}, fmt.Errorf("path %q: {%s...} takes the rest of the path, so nothing can follow it", path, p.globName)
		}
		if glob {
			p.glob, p.globName = true, seg.name
			continue
		}
		p.segs = append(p.segs, seg)
	}
	if name, twice := p.duplicate(); twice {
		return pattern{}, fmt.Errorf("path %q has two parameters {%s}; give each its own name", path, name)
	}
	return p, nil
}

func parseSegment(src string) (seg segment, glob bool, err error) {
	before, param, found := strings.Cut(src, "{")
	if !found {
		switch {
		case strings.Contains(src, "}"):
			return seg, false, fmt.Errorf("segment %q has a } without its {; write %%7D for a brace", src)
		case src[0] == ':' && validName(src[1:]):
			return seg, false, fmt.Errorf("segment %q: parameters are written {%s}; write %%3A for a colon", src, src[1:])
		case src[0] == '*' && validName(src[1:]):
			return seg, false, fmt.Errorf("segment %q: a glob is written {%s...}; write %%2A for an asterisk", src, src[1:])
		}
		lit, err := unescape(src)
		return segment{src: src, lit: lit}, false, err
	}
	name, after, found := strings.Cut(param, "}")
	switch {
	case !found:
		return seg, false, fmt.Errorf("segment %q: missing }; write %%7B for a brace", src)
	case after != "":
		return seg, false, fmt.Errorf("segment %q: nothing can follow a parameter in its segment; take {%s} for all of it and cut it in the action",
			src, name)
	case name == "$":
		return seg, false, errors.New("{$} is not needed: a path matches to its end unless it ends in a glob such as {rest...}")
	}
	name, glob = strings.CutSuffix(name, "...")
	if !validName(name) {
		return seg, false, fmt.Errorf("parameter name %q: use letters, digits and _, beginning with a small letter or _", name)
	}
	if glob && before != "" {
		return seg, false, fmt.Errorf("segment %q: a glob is a whole segment: {%s...}", src, name)
	}
	lit := before
	if before != "" {
		lit, err = unescape(before)
	}
	return segment{src: src, lit: lit, name: name}, glob, err
}

func unescape(src string) (string, error) {
	lit, err := url.PathUnescape(src)
	if err != nil {
		return "", fmt.Errorf("segment %q: after a %% come two hexadecimal digits; the percent sign itself is %%25", src)
	}
	if isDots(lit) {
		return "", fmt.Errorf("segment %q is never asked for: browsers resolve . and .. beforehand", src)
	}
	return lit, nil
}

func isDots(s string) bool { return s == "." || s == ".." }

// validName reports whether s can name a parameter.
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', c == '_':
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			if i == 0 {
				return false
			}
		default:
			return false
		}
	}
	return s != ""
}

// join returns the path of q below p.
func (p pattern) join(q pattern) (pattern, error) {
	if p.glob {
		return pattern{}, fmt.Errorf("path %q ends in a glob, so nothing can be below it", p)
	}
	q.segs = slices.Concat(p.segs, q.segs)
	if name, twice := q.duplicate(); twice {
		return pattern{}, fmt.Errorf("path %q has two parameters {%s}, one of them of the scope around; give each its own name", q, name)
	}
	return q, nil
}

// names lists the parameters in order, the glob last.
func (p pattern) names() []string {
	var names []string
	for _, seg := range p.segs {
		if seg.name != "" {
			names = append(names, seg.name)
		}
	}
	if p.globName != "" {
		names = append(names, p.globName)
	}
	return names
}

func (p pattern) duplicate() (name string, found bool) {
	names := p.names()
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return name, true
		}
	}
	return "", false
}

// String writes the path without doubled slashes, literals as they were written.
func (p pattern) String() string {
	var b strings.Builder
	for _, seg := range p.segs {
		b.WriteByte('/')
		b.WriteString(seg.src)
	}
	if p.globName != "" {
		b.WriteString("/{" + p.globName + "...}")
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
