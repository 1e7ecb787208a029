package presence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bennu-go/bennu/internal/codec"
)

// meta is one tracked meta as clients see it: a JSON object whose last fields are "phx_ref" and, after an update, "phx_ref_prev". It
// is encoded once, when it is tracked, and is only copied from then on: into listings, diffs and news for other nodes.
type meta string

const (
	refField  = `"phx_ref":"`
	prevField = `","phx_ref_prev":"`
	refTail   = len(refField) + refLen + len(`"}`)
	prevTail  = refTail + len(prevField) + refLen
)

var errMetaShape = errors.New("a meta must be a JSON object ending in phx_ref")

// encodeMeta gives the body of a meta: a JSON object without its closing brace and without fields that are ours to set.
func encodeMeta(v any) ([]byte, error) {
	b, err := codec.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("presence: %w", err)
	}
	if len(b) == 0 || b[0] != '{' {
		return nil, fmt.Errorf("presence: a meta must encode as a JSON object, and %T gives %.40s; wrap it in a struct or a map", v, b)
	}
	if bytes.Contains(b, []byte("phx_ref")) { // codec spells it so, however the application did
		var fields map[string]json.RawMessage
		if err := codec.Unmarshal(b, &fields); err != nil {
			return nil, fmt.Errorf("presence: %w", err)
		}
		delete(fields, "phx_ref")
		delete(fields, "phx_ref_prev")
		if b, err = codec.Marshal(fields); err != nil {
			return nil, fmt.Errorf("presence: %w", err)
		}
	}
	return b[:len(b)-1], nil
}

// newMeta completes a body.
func newMeta(body []byte, ref, prev string) meta {
	b := make([]byte, 0, len(body)+1+prevTail)
	b = append(b, body...)
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = append(b, refField...)
	b = append(b, ref...)
	if prev != "" {
		b = append(b, prevField...)
		b = append(b, prev...)
	}
	return meta(append(b, `"}`...))
}

// readMeta takes a meta from another node.
func readMeta(b []byte) (meta, error) {
	m := meta(b)
	if len(m) <= refTail || m[0] != '{' || !json.Valid(b) {
		return "", errMetaShape
	}
	if tail := m[m.tail():]; tail[:len(refField)] != refField || len(tail) == prevTail && tail[refTail-2:][:len(prevField)] != prevField {
		return "", errMetaShape
	}
	return m, nil
}

// tail is where our fields begin.
func (m meta) tail() int {
	if i := len(m) - prevTail; i > 0 && m[i+refTail-2:][:len(prevField)] == prevField {
		return i
	}
	return len(m) - refTail
}

func (m meta) ref() string {
	i := m.tail() + len(refField)
	return string(m[i : i+refLen])
}

// prev is empty if the meta has never been updated.
func (m meta) prev() string {
	i := m.tail() + refTail - 2 + len(prevField)
	if i > len(m) {
		return ""
	}
	return string(m[i : i+refLen])
}

// value decodes what was tracked into v.
func (m meta) value(v any) error {
	i := m.tail()
	if m[i-1] == ',' {
		i--
	}
	b := append(make([]byte, 0, i+1), m[:i]...)
	return codec.Unmarshal(append(b, '}'), v)
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			b, err := codec.Marshal(s)
			if err != nil {
				panic(err) // a string can always be encoded
			}
			return append(dst, b...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
