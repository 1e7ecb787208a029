package param

import (
	"encoding"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
)

// Encode writes m as a query, keys in order. Nested maps and lists become names with brackets; empty ones vanish. Nil is an empty
// value, booleans and numbers are written as in Go, an [encoding.TextMarshaler] (time.Time is one) as it says. Other types are an error, and so is a map of several
// keys in a list, since it would not be decoded as it was: Decode makes one map of all maps in a list.
func Encode(m Map) (string, error) {
	dst, err := appendMap(nil, "", m)
	return string(dst), err
}

func appendMap(dst []byte, name string, m map[string]any) ([]byte, error) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		full := url.QueryEscape(key)
		if name != "" {
			if key == "" {
				return nil, fmt.Errorf("param: the map under %q has an empty key, which would be read as a list", name)
			}
			full = name + "[" + full + "]"
		}
		var err error
		if dst, err = appendValue(dst, full, m[key]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendValue(dst []byte, name string, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return appendPair(dst, name, ""), nil
	case string:
		return appendPair(dst, name, v), nil
	case Map:
		return appendMap(dst, name, v)
	case map[string]any:
		return appendMap(dst, name, v)
	case []any:
		return appendList(dst, name, len(v), func(i int) any { return v[i] })
	case []string:
		return appendList(dst, name, len(v), func(i int) any { return v[i] })
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return nil, fmt.Errorf("param: encoding %q: %w", name, err)
		}
		return appendPair(dst, name, string(text)), nil
	}
	return appendReflected(dst, name, reflect.ValueOf(v))
}

// appendReflected writes what is less common: numbers and booleans of any type, and their slices.
func appendReflected(dst []byte, name string, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Bool:
		return appendPair(dst, name, strconv.FormatBool(v.Bool())), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendPair(dst, name, strconv.FormatInt(v.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendPair(dst, name, strconv.FormatUint(v.Uint(), 10)), nil
	case reflect.Float32, reflect.Float64:
		return appendPair(dst, name, strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())), nil
	case reflect.String:
		return appendPair(dst, name, v.String()), nil
	case reflect.Slice, reflect.Array:
		return appendList(dst, name, v.Len(), func(i int) any { return v.Index(i).Interface() })
	}
	return nil, fmt.Errorf("param: %q is a %s, which has no form in a query: use strings, numbers, booleans, maps, lists or an encoding.TextMarshaler", name, v.Type())
}

func appendList(dst []byte, name string, n int, item func(i int) any) ([]byte, error) {
	name += "[]"
	for i := range n {
		v := item(i)
		if m, ok := v.(Map); ok {
			v = map[string]any(m)
		}
		if m, ok := v.(map[string]any); ok && len(m) > 1 {
			return nil, fmt.Errorf("param: %q holds a map of %d keys; a map in a list can have one: use a map of maps, such as items[0][name]", name, len(m))
		}
		var err error
		if dst, err = appendValue(dst, name, v); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendPair appends a pair whose name is encoded already.
func appendPair(dst []byte, name, value string) []byte {
	if len(dst) > 0 {
		dst = append(dst, '&')
	}
	dst = append(append(dst, name...), '=')
	return append(dst, url.QueryEscape(value)...)
}
