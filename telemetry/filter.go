package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Filtered stands in place of every value that a [Filter] takes out.
const Filtered = "[FILTERED]"

// Filter takes secrets out of parameters before they are shown. The zero value
// discards by the terms "password" and "token". It knows two modes:
//
//   - Discarding: a value is taken out, with all below it, if its key contains
//     a term (so "user_token" goes too, "Token" stays: case matters); and so is
//     every string that contains a term followed by "=", as URLs do.
//   - Keeping: every string, number, boolean and null is taken out, except what
//     stands under one of the keys to keep, which is kept with all below it.
//
// Maps and lists are searched to any depth in both modes.
type Filter struct {
	// Discard lists the terms. Nil means "password" and "token"; empty and not
	// nil means that nothing is taken out. Empty terms are ignored.
	Discard []string
	// Keep lists whole keys. If it is not nil, even if empty, it is used
	// instead of Discard.
	Keep []string
}

func (f Filter) terms() []string {
	if f.Discard == nil {
		return []string{"password", "token"}
	}
	return f.Discard
}

// JSON returns a filtered, compacted copy of a JSON text. A text that is not
// valid JSON cannot be searched, so what is returned for it is a JSON string
// that tells only its length; an empty text is null.
func (f Filter) JSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	if f.harmless(raw) {
		var b bytes.Buffer
		if json.Compact(&b, raw) == nil {
			return b.Bytes()
		}
		return unreadable(raw)
	}
	v, err := decode(raw)
	if err != nil {
		return unreadable(raw)
	}
	out, err := encode(f.value(v))
	if err != nil {
		return unreadable(raw)
	}
	return out
}

// Map returns a filtered copy of parameters, in the form they have as JSON:
// the maps and lists in it are map[string]any and []any, numbers are
// [json.Number], and structs are maps by their JSON names. A value that has no
// JSON form is replaced by a string that names its type. Nil gives nil.
func (f Filter) Map(params map[string]any) map[string]any {
	if params == nil {
		return nil
	}
	out := make(map[string]any, len(params))
	for k, v := range params {
		out[k] = plain(v)
	}
	return f.value(out).(map[string]any)
}

// harmless reports whether there is nothing to take out, by looking at the bytes
// alone. A backslash could hide a term behind an escape.
func (f Filter) harmless(raw []byte) bool {
	if f.Keep != nil || bytes.IndexByte(raw, '\\') >= 0 {
		return false
	}
	for _, term := range f.terms() {
		if term != "" && bytes.Contains(raw, []byte(term)) {
			return false
		}
	}
	return true
}

// value filters what decode made, in place where it can.
func (f Filter) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			switch {
			case f.Keep != nil && slices.Contains(f.Keep, k):
			case f.Keep == nil && f.discards(k):
				v[k] = Filtered
			default:
				v[k] = f.value(sub)
			}
		}
		return v
	case []any:
		for i, sub := range v {
			v[i] = f.value(sub)
		}
		return v
	case string:
		if f.Keep != nil || f.discardsText(v) {
			return Filtered
		}
		return v
	default:
		if f.Keep != nil {
			return Filtered
		}
		return v
	}
}

func (f Filter) discards(key string) bool {
	for _, term := range f.terms() {
		if term != "" && strings.Contains(key, term) {
			return true
		}
	}
	return false
}

func (f Filter) discardsText(s string) bool {
	for _, term := range f.terms() {
		if term != "" && strings.Contains(s, term+"=") {
			return true
		}
	}
	return false
}

// plain brings a value into the form that value filters.
func plain(v any) (out any) {
	switch v := v.(type) {
	case nil, string, bool, json.Number:
		return v
	}
	// MarshalJSON methods are not ours: a panic in one must cost this value,
	// not the handler that shows it.
	defer func() {
		if recover() != nil {
			out = fmt.Sprintf("[UNPRINTABLE %T]", v)
		}
	}()
	raw, err := encode(v)
	if err == nil {
		out, err = decode(raw)
	}
	if err != nil {
		return fmt.Sprintf("[UNPRINTABLE %T]", v)
	}
	return out
}

// decode keeps numbers as they were written.
func decode(raw []byte) (v any, err error) {
	// Unmarshal checks the whole text; a Decoder would stop after the first
	// value, but is the only one with UseNumber.
	if !json.Valid(raw) {
		return nil, fmt.Errorf("invalid JSON")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func unreadable(raw []byte) json.RawMessage {
	return fmt.Appendf(nil, `"[NOT JSON: %d bytes]"`, len(raw))
}
