// Package codec is JSON by Bennu's rules, the one place that knows which library does it.
//
// Terms: encoding turns a Go value into JSON; decoding the reverse.
//
// Order: maps encode with sorted keys, so that the same value gives the same bytes.
//
// Limits: decoding nests 10,000 deep at most; the size of the input is bounded by whoever read it.
//
// Rules: a nil slice is [] and a nil map {}; keys match case-sensitively; unknown keys are ignored; of a key that comes
// twice the last counts; strings are not escaped for HTML; bytes that are not UTF-8 become U+FFFD; a time.Duration is a number of nanoseconds.
//
// Source: RFC 8259; the semantics of encoding/json/v2, which arrives with Go 1.27; until then by its reference
// implementation (docs/adr).
package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Immutable after initialisation: options are values.
var (
	encoding = jsonv2.JoinOptions(
		jsonv2.Deterministic(true),
		jsontext.AllowInvalidUTF8(true),
		jsonv1.FormatDurationAsNano(true),
	)
	decoding = jsonv2.JoinOptions(
		jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true),
		jsonv1.FormatDurationAsNano(true),
	)
)

// Marshal encodes v.
func Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		if v == nil {
			return []byte("null"), nil
		}
	}
	b, err := jsonv2.Marshal(v, encoding)
	if err != nil {
		return nil, clean("encoding", err)
	}
	return b, nil
}

// Unmarshal decodes data into the value that v points to.
func Unmarshal(data []byte, v any) error {
	if err := jsonv2.Unmarshal(data, v, decoding); err != nil {
		return clean("decoding", err)
	}
	return nil
}

// clean words an error for people who sent the JSON: which field, what was wanted.
func clean(doing string, err error) error {
	var sem *jsonv2.SemanticError
	if errors.As(err, &sem) {
		where := strings.TrimPrefix(string(sem.JSONPointer), "/")
		if where == "" {
			where = "the value"
		}
		switch {
		case sem.Err != nil:
			return fmt.Errorf("json: %s %s: %w", doing, where, sem.Err)
		case sem.GoType != nil && sem.JSONKind != 0:
			return fmt.Errorf("json: %s %s: a %s does not fit %s", doing, where, kindName(sem.JSONKind), sem.GoType)
		}
	}
	return fmt.Errorf("json: %s: %w", doing, err)
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	}
	return k.String()
}
