package router

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/param"
)

// What the functions call that WriteGo writes.

// Query is the query of a typed path, nested as package param encodes it.
type Query = param.Map

// Segment writes v as one segment of a path, everything but letters, digits and -._~ percent-encoded, so that a slash stays within the segment. It
// takes strings, integers, floats, booleans, what these are underneath, and what has a method PathParam() string, MarshalText or String,
// tried in this order. It panics on anything else and on what is empty, as it would make the link lead somewhere else.
func Segment(v any) string {
	s, err := segmentText(v)
	if err != nil {
		panic(fmt.Errorf("router: %w", err))
	}
	return escape(s)
}

// Glob writes v as the rest of a path, without a slash before it: of a []string each element is a segment, of a string what is between
// slashes, anything else is one segment. What is empty vanishes; otherwise it panics as [Segment] does.
func Glob(v any) string {
	segs, ok := v.([]string)
	if s, isText := v.(string); !ok && isText {
		segs = strings.Split(s, "/")
	} else if !ok {
		return Segment(v)
	}
	var b strings.Builder
	for _, seg := range segs {
		if seg == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('/')
		}
		b.WriteString(escape(seg))
	}
	return b.String()
}

// QueryString writes queries as the end of a URL, keys in order, with the question mark; of keys that several have, the last counts. It is empty if
// they are. It panics on values that package param does not encode.
func QueryString(queries ...Query) string {
	var all Query
	switch len(queries) {
	case 0:
		return ""
	case 1:
		all = queries[0]
	default:
		all = make(Query)
		for _, q := range queries {
			for key, v := range q {
				all[key] = v
			}
		}
	}
	s, err := param.Encode(all)
	if err != nil {
		panic(fmt.Errorf("router: %w", err))
	}
	if s == "" {
		return ""
	}
	return "?" + s
}

// Base puts a path behind the base of a URL: "https://example.com" or "https://example.com/shop".
func Base(base, path string) string { return strings.TrimSuffix(base, "/") + path }

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func segmentText(v any) (string, error) {
	s, err := anyText(v)
	if err == nil && s == "" {
		err = fmt.Errorf("the value of a path's parameter is empty (%T)", v)
	}
	return s, err
}

func anyText(v any) (string, error) {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return "", fmt.Errorf("the value of a path's parameter is nil (%T)", v)
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case interface{ PathParam() string }:
		return v.PathParam(), nil
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		return string(b), err
	case fmt.Stringer:
		return v.String(), nil
	}
	switch rv.Kind() {
	case reflect.String:
		return rv.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(rv.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(rv.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(rv.Float(), 'f', -1, rv.Type().Bits()), nil
	case reflect.Bool:
		return strconv.FormatBool(rv.Bool()), nil
	}
	return "", fmt.Errorf("a %T cannot be the value of a path's parameter; give its id, or a method PathParam() string", v)
}
