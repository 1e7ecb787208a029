package param

import (
	"reflect"
	"time"
)

// Has reports whether there is a value under name that is not blank: neither nil nor an empty string.
func (m Map) Has(name string) bool { return !blank(m[name]) }

// String returns the text under name. As with all of these methods, the error is an *[Error]: name is missing, or it is something else.
func (m Map) String(name string) (string, error) { return Value[string](m, name) }

// Int returns the whole number under name.
func (m Map) Int(name string) (int, error) { return Value[int](m, name) }

// Float returns the number under name.
func (m Map) Float(name string) (float64, error) { return Value[float64](m, name) }

// Bool returns what is under name: true for true, 1 and on, false for false, 0 and off.
func (m Map) Bool(name string) (bool, error) { return Value[bool](m, name) }

// Time returns the time under name, in one of the forms 2006-01-02T15:04:05Z07:00, 2006-01-02T15:04:05, 2006-01-02T15:04 and 2006-01-02. Those without a
// zone are UTC.
func (m Map) Time(name string) (time.Time, error) { return Value[time.Time](m, name) }

// Map returns the map under name.
func (m Map) Map(name string) (Map, error) { return Value[Map](m, name) }

// List returns the list under name.
func (m Map) List(name string) ([]any, error) { return Value[[]any](m, name) }

// File returns the upload under name.
func (m Map) File(name string) (*Upload, error) { return Value[*Upload](m, name) }

// Value returns what is under name as a T: a string, bool, integer, float, time.Time, time.Duration, [Map], *[Upload], any, anything with UnmarshalText, or a
// slice of these. An empty string is missing, except to a string.
func Value[T any](m Map, name string) (T, error) {
	var out T
	v, ok := m[name]
	dst := reflect.ValueOf(&out).Elem()
	if !ok || v == nil || v == "" && dst.Kind() != reflect.String {
		return out, &Error{name, "is required"}
	}
	var c converter
	c.set(dst, name, v)
	if len(c.errs) > 0 {
		var zero T
		return zero, c.errs[0]
	}
	return out, nil
}

// Or is [Value], with a fallback if nothing or an empty string is under name. What is there but does not fit remains an error.
func Or[T any](m Map, name string, fallback T) (T, error) {
	if !m.Has(name) {
		return fallback, nil
	}
	return Value[T](m, name)
}

func blank(v any) bool { return v == nil || v == "" }

func asMap(v any) (Map, bool) {
	switch v := v.(type) {
	case Map:
		return v, v != nil
	case map[string]any:
		return v, v != nil
	}
	return nil, false
}
