package param

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// converter puts parameters into Go values and gathers what did not fit.
type converter struct{ errs Errors }

func (c *converter) fail(field, reason string) { c.errs = append(c.errs, &Error{field, reason}) }

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	uploadType   = reflect.TypeFor[Upload]()
)

// set puts v, which is not nil, into dst. Field names v in errors.
func (c *converter) set(dst reflect.Value, field string, v any) {
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Pointer && t.Elem() == uploadType:
		if u, ok := v.(*Upload); ok {
			dst.Set(reflect.ValueOf(u))
		} else {
			c.fail(field, "must be a file")
		}
		return
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		c.set(p.Elem(), field, v)
		dst.Set(p)
		return
	case t == timeType:
		if at, ok := parseTime(v); ok {
			dst.Set(reflect.ValueOf(at))
		} else {
			c.fail(field, "must be a date or time")
		}
		return
	case t == durationType:
		s, _ := v.(string)
		if d, err := time.ParseDuration(s); err == nil {
			dst.SetInt(int64(d))
		} else {
			c.fail(field, "must be a duration such as 1m30s")
		}
		return
	}
	if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		s, isText := v.(string)
		if !isText || u.UnmarshalText([]byte(s)) != nil {
			c.fail(field, "is invalid")
		}
		return
	}
	c.setKind(dst, field, v)
}

func (c *converter) setKind(dst reflect.Value, field string, v any) {
	switch dst.Kind() {
	case reflect.String:
		if s, ok := v.(string); ok {
			dst.SetString(s)
		} else {
			c.fail(field, "must be text")
		}
	case reflect.Bool:
		if b, ok := parseBool(v); ok {
			dst.SetBool(b)
		} else {
			c.fail(field, "must be true or false")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		switch i, ok := parseInt(v); {
		case !ok:
			c.fail(field, "must be a whole number")
		case dst.OverflowInt(i):
			c.fail(field, "is out of range")
		default:
			dst.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		switch i, ok := parseUint(v); {
		case !ok:
			c.fail(field, "must be a whole number that is not negative")
		case dst.OverflowUint(i):
			c.fail(field, "is out of range")
		default:
			dst.SetUint(i)
		}
	case reflect.Float32, reflect.Float64:
		switch f, ok := parseFloat(v); {
		case !ok:
			c.fail(field, "must be a number")
		case dst.OverflowFloat(f):
			c.fail(field, "is out of range")
		default:
			dst.SetFloat(f)
		}
	case reflect.Interface:
		if dst.NumMethod() > 0 {
			panic(fmt.Sprintf("param: %s is a %s: only the interface any can take a parameter", field, dst.Type()))
		}
		dst.Set(reflect.ValueOf(v))
	case reflect.Slice:
		c.setSlice(dst, field, v)
	case reflect.Map:
		c.setMap(dst, field, v)
	case reflect.Struct:
		if m, ok := asMap(v); ok {
			c.bind(dst, field, m)
		} else {
			c.fail(field, "must be a map")
		}
	default:
		panic(fmt.Sprintf("param: %s is a %s, which no parameter fits: use strings, numbers, booleans, times, maps, slices, structs, *param.Upload or a type with UnmarshalText", field, dst.Type()))
	}
}

func (c *converter) setSlice(dst reflect.Value, field string, v any) {
	list, ok := v.([]any)
	if m, isMap := asMap(v); isMap {
		list, ok = numbered(m)
	}
	if !ok {
		c.fail(field, "must be a list")
		return
	}
	s := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, item := range list {
		if item != nil {
			c.set(s.Index(i), field+"["+strconv.Itoa(i)+"]", item)
		}
	}
	dst.Set(s)
}

// numbered returns the values of a map whose keys are numbers, in their order: forms with rows are written items[0][name].
func numbered(m Map) ([]any, bool) {
	type row struct {
		n int
		v any
	}
	rows := make([]row, 0, len(m))
	for k, v := range m {
		n, err := strconv.Atoi(k)
		if err != nil || n < 0 {
			return nil, false
		}
		rows = append(rows, row{n, v})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.n, b.n) })
	list := make([]any, len(rows))
	for i, r := range rows {
		list[i] = r.v
	}
	return list, true
}

func (c *converter) setMap(dst reflect.Value, field string, v any) {
	t := dst.Type()
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("param: %s is a %s: keys of parameters are strings", field, t))
	}
	m, ok := asMap(v)
	if !ok {
		c.fail(field, "must be a map")
		return
	}
	if t.Elem().Kind() == reflect.Interface && t.Elem().NumMethod() == 0 && t.Key() == reflect.TypeFor[string]() {
		dst.Set(reflect.ValueOf(m).Convert(t))
		return
	}
	out := reflect.MakeMapWithSize(t, len(m))
	for k, item := range m {
		value := reflect.New(t.Elem()).Elem()
		if item != nil {
			c.set(value, field+"["+k+"]", item)
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(t.Key()), value)
	}
	dst.Set(out)
}

func parseTime(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseBool(v any) (b, ok bool) {
	switch v {
	case true, "true", "1", "on":
		return true, true
	case false, "false", "0", "off":
		return false, true
	}
	return false, false
}

func parseInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		const exact = 1 << 53
		return int64(v), v == math.Trunc(v) && math.Abs(v) <= exact
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		return i, err == nil
	}
	return 0, false
}

func parseUint(v any) (uint64, bool) {
	if s, ok := v.(string); ok {
		i, err := strconv.ParseUint(s, 10, 64)
		return i, err == nil
	}
	i, ok := parseInt(v)
	return uint64(i), ok && i >= 0
}

func parseFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	return 0, false
}
