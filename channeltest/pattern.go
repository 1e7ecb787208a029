package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/internal/codec"
)

// Any is a pattern that everything fits. It may stand within another pattern.
var Any any = anything{}

type anything struct{}

// anyMark is what Any encodes to, so that it can stand within any value that encodes to JSON.
const anyMark = `"\u0000channeltest.Any"`

// MarshalJSON implements json.Marshaler.
func (anything) MarshalJSON() ([]byte, error) { return []byte(anyMark), nil }

func (anything) String() string { return "anything" }

// show describes a pattern.
func show(pattern any) string {
	switch p := pattern.(type) {
	case nil, anything:
		return "any payload"
	case func(json.RawMessage) bool:
		return "a payload that the function accepts"
	case channel.Binary:
		return fmt.Sprintf("bytes %x", []byte(p))
	case json.RawMessage:
		return string(p)
	}
	b, err := codec.Marshal(pattern)
	if err != nil {
		return fmt.Sprintf("%#v (%v)", pattern, err)
	}
	return string(bytes.ReplaceAll(b, []byte(anyMark), []byte("(anything)")))
}

// match says why m's payload does not fit; "" if it does.
func match(pattern any, m *Message) string {
	switch p := pattern.(type) {
	case nil, anything:
		return ""
	case func(json.RawMessage) bool:
		if m.Binary != nil {
			return "the payload is bytes, which a func(json.RawMessage) does not take"
		}
		if !p(slices.Clone(m.Payload)) {
			return "the function does not accept it"
		}
		return ""
	case channel.Binary:
		if m.Binary == nil {
			return "the payload is JSON, not bytes"
		}
		if !bytes.Equal(p, m.Binary) {
			return "the bytes are others"
		}
		return ""
	}
	if m.Binary != nil {
		return "the payload is bytes, not JSON"
	}
	want, err := generic(pattern)
	if err != nil {
		return fmt.Sprintf("the pattern is no JSON: %v", err)
	}
	got, err := generic(m.Payload)
	if err != nil {
		return fmt.Sprintf("the payload is no JSON: %v", err)
	}
	return subset("", want, got)
}

// generic gives v as maps, lists and scalars, with numbers as they are written.
func generic(v any) (tree any, err error) {
	b, err := codec.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&tree)
	return tree, err
}

var anyTree, _ = generic(anything{})

// subset says where got does not fit want.
func subset(at string, want, got any) string {
	if want == anyTree {
		return ""
	}
	here := at
	if here == "" {
		here = "the payload"
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %s, wanted an object", here, brief(got))
		}
		for _, key := range sortedKeys(w) {
			v, ok := g[key]
			if !ok {
				return fmt.Sprintf("%s has no %q", here, key)
			}
			if why := subset(at+"."+key, w[key], v); why != "" {
				return why
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s is %s, wanted a list", here, brief(got))
		}
		if len(g) != len(w) {
			return fmt.Sprintf("%s has %d elements, wanted %d", here, len(g), len(w))
		}
		for i := range w {
			if why := subset(at+"["+strconv.Itoa(i)+"]", w[i], g[i]); why != "" {
				return why
			}
		}
		return ""
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(w, g) {
			return ""
		}
	default:
		if reflect.DeepEqual(want, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s is %s, wanted %s", here, brief(got), brief(want))
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, err1 := a.Float64()
	y, err2 := b.Float64()
	return err1 == nil && err2 == nil && x == y && (!isInteger(a) || !isInteger(b))
}

func isInteger(n json.Number) bool {
	_, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func brief(v any) string {
	b, err := json.Marshal(v) // which knows json.Number
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 80 {
		return string(b[:80]) + "…"
	}
	return string(b)
}
