package param

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of what is decoded.
const (
	// MaxLength is the size of the longest query in bytes.
	MaxLength = 1_000_000
	// MaxPairs is the number of pairs in a query.
	MaxPairs = 10_000
	// MaxDepth is the number of keys in one name: a[b][c] has three.
	MaxDepth = 32
)

// Errors of decoding, to be compared with errors.Is. They have a method HTTPStatus.
var (
	// ErrTooLong says that the query is longer than MaxLength: HTTP status 414.
	ErrTooLong error = &refusal{"param: query is longer than 1,000,000 bytes", http.StatusRequestURITooLong}
	// ErrInvalid is wrapped by every other error of decoding: HTTP status 400.
	ErrInvalid error = &refusal{"invalid query", http.StatusBadRequest}
)

type refusal struct {
	text   string
	status int
}

func (r *refusal) Error() string   { return r.text }
func (r *refusal) HTTPStatus() int { return r.status }

// A Map is decoded parameters. Nested maps are map[string]any, lists are []any, everything else in a query or form is a string. Bodies also bring
// *[Upload], and from JSON int64 (whole numbers that fit), float64, bool and nil.
type Map map[string]any

// Decode reads the part of a URL after the question mark, or a form in the same encoding. The Map is never nil unless there is an error.
func Decode(query string) (Map, error) {
	if len(query) > MaxLength {
		return nil, ErrTooLong
	}
	var b Builder
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = unescape(value); err != nil {
			return nil, err
		}
		if err := b.Add(name, value); err != nil {
			return nil, err
		}
	}
	return b.Map(), nil
}

// A Builder makes a Map of pairs that come one by one, as the parts of a multipart form do. The zero value is empty.
type Builder struct {
	root  node
	pairs int
}

// Add takes the next pair, its name not escaped. The value is a string or an *[Upload].
func (b *Builder) Add(name string, value any) error {
	if b.pairs++; b.pairs > MaxPairs {
		return fmt.Errorf("param: %w: more than %d pairs", ErrInvalid, MaxPairs)
	}
	return b.root.insert(name, value)
}

// Map returns what the pairs say. It is never nil.
func (b *Builder) Map() Map { return b.root.asMap() }

func unescape(s string) (string, error) {
	s, err := url.QueryUnescape(s)
	if err != nil {
		return "", fmt.Errorf("param: %w: %w", ErrInvalid, err)
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("param: %w: %.40q is not UTF-8", ErrInvalid, s)
	}
	return s, nil
}

// node is a map or a list that is being read: which of them is known at the end.
type node struct {
	entries  []entry          // in order; a nested node stands where it was first used
	children map[string]*node // nested nodes by key
	item     *node            // the nested node of a list
}

// entry is a value or, if nested is not nil, a map or list.
type entry struct {
	key    string
	value  any
	nested *node
	list   bool // an item of a list: it has no key
}

// insert puts value where name points.
func (n *node) insert(name string, value any) error {
	open := strings.IndexByte(name, '[')
	if open <= 0 || name[len(name)-1] != ']' {
		n.entries = append(n.entries, entry{key: name, value: value})
		return nil
	}
	key, list, rest, more := name[:open], false, name[open+1:len(name)-1], true
	for depth := 1; ; depth++ {
		if depth > MaxDepth {
			return fmt.Errorf("param: %w: name of more than %d levels", ErrInvalid, MaxDepth)
		}
		if !more {
			n.entries = append(n.entries, entry{key: key, list: list, value: value})
			return nil
		}
		n = n.child(key, list)
		key, rest, more = strings.Cut(rest, "][")
		list = key == ""
	}
}

func (n *node) child(key string, list bool) *node {
	c := n.item
	if !list {
		c = n.children[key]
	}
	if c != nil {
		return c
	}
	c = &node{}
	n.entries = append(n.entries, entry{key: key, list: list, nested: c})
	if list {
		n.item = c
		return c
	}
	if n.children == nil {
		n.children = make(map[string]*node)
	}
	n.children[key] = c
	return c
}

func (n *node) asMap() Map {
	m := make(Map, len(n.entries))
	for _, e := range n.entries {
		if !e.list {
			m[e.key] = e.content()
		}
	}
	return m
}

func (n *node) asList() []any {
	l := make([]any, 0, len(n.entries))
	for _, e := range n.entries {
		if e.list {
			l = append(l, e.content())
		}
	}
	return l
}

func (e *entry) content() any {
	switch {
	case e.nested == nil:
		return e.value
	case e.nested.entries[len(e.nested.entries)-1].list:
		return e.nested.asList()
	}
	return map[string]any(e.nested.asMap())
}
