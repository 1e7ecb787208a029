package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set parses text into v and checks the field's bounds. Its errors say what was expected and never what was given.
func (f field) set(v reflect.Value, text string) error {
	if len(f.oneOf) > 0 && !slices.Contains(f.oneOf, text) {
		return fmt.Errorf("expected one of %s", strings.Join(f.oneOf, ", "))
	}
	if f.typ.Kind() != reflect.Slice || isText(f.typ) {
		return f.setOne(v, text)
	}
	list := reflect.MakeSlice(f.typ, 0, 0)
	for i, part := range strings.Split(text, ",") {
		one := reflect.New(f.typ.Elem()).Elem()
		if err := f.setOne(one, strings.TrimSpace(part)); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
		list = reflect.Append(list, one)
	}
	v.Set(list)
	return nil
}

func (f field) setOne(v reflect.Value, text string) error {
	if err := parse(v, text); err != nil {
		return err
	}
	for _, bound := range []struct {
		text, want string
		sign       int
	}{{f.min, "at least", -1}, {f.max, "at most", 1}} {
		if bound.text == "" {
			continue
		}
		limit := reflect.New(v.Type()).Elem()
		if err := parse(limit, bound.text); err != nil {
			return fmt.Errorf("the bound %q in its tag is wrong: %w", bound.text, err)
		}
		if compare(v, limit) == bound.sign {
			return fmt.Errorf("expected %s %s", bound.want, bound.text)
		}
	}
	return nil
}

func compare(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	default:
		return 0
	}
}

// parse reads one value.
func parse(v reflect.Value, text string) error {
	switch t := v.Type(); {
	case t == urlType:
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
			return errors.New("expected a URL with a scheme, such as https://example.com")
		}
		v.Set(reflect.ValueOf(u))
		return nil
	case t == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("expected a duration such as 30s or 1h30m")
		}
		v.SetInt(int64(d))
		return nil
	case t == reflect.TypeFor[Size]():
		n, err := ParseSize(text)
		if err != nil {
			return errors.New("expected a size such as 512, 10MB or 4GiB")
		}
		v.SetInt(int64(n))
		return nil
	case isText(t):
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("expected what a %s is read from", t)
		}
		return nil
	}
	return parseKind(v, text)
}

func parseKind(v reflect.Value, text string) error {
	t := v.Type()
	switch {
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("expected true or false")
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, t.Bits())
		if err != nil {
			return fmt.Errorf("expected a whole number of %d bits", t.Bits())
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, t.Bits())
		if err != nil {
			return fmt.Errorf("expected a whole number of %d bits, not negative", t.Bits())
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, t.Bits())
		if err != nil || n != n {
			return errors.New("expected a number")
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("fields of type %s cannot be read; give it an UnmarshalText method", t)
	}
	return nil
}
