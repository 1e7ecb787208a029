package etf

import (
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
)

// Assign stores a term, as [Decode] returns it, in what into points to. Numbers must fit, an atom may become a string,
// a binary []byte or whatever has an UnmarshalText method, a list a slice, a list or tuple an array of that length, a
// map a map or a struct; the atom nil is the zero value of pointers, slices, maps and interfaces. An *any takes the
// term as it is. On an error part of what into points to may have been set.
func Assign(into, term any) error {
	rv := reflect.ValueOf(into)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("etf: Assign into a %T: a non-nil pointer is needed", into)
	}
	if err := assign(rv.Elem(), term); err != nil {
		return fmt.Errorf("etf: %w", err)
	}
	return nil
}

func assign(to reflect.Value, term any) error {
	if term == nil {
		switch to.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			to.SetZero()
			return nil
		}
		return mismatch(to, term)
	}
	from := reflect.ValueOf(term)
	if from.Type().AssignableTo(to.Type()) {
		to.Set(from)
		return nil
	}
	if to.Kind() == reflect.Pointer {
		fresh := reflect.New(to.Type().Elem())
		if err := assign(fresh.Elem(), term); err != nil {
			return err
		}
		to.Set(fresh)
		return nil
	}
	if done, err := assignSpecial(to, term); done {
		return err
	}
	switch t := term.(type) {
	case bool:
		if to.Kind() == reflect.Bool {
			to.SetBool(t)
			return nil
		}
	case int64:
		return assignInt(to, big.NewInt(t))
	case *big.Int:
		return assignInt(to, t)
	case float64:
		if to.CanFloat() && !to.OverflowFloat(t) {
			to.SetFloat(t)
			return nil
		}
	case string:
		if to.Kind() == reflect.String && to.Type() != reflect.TypeFor[Atom]() {
			to.SetString(t)
			return nil
		}
		if to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8 {
			to.SetBytes([]byte(t))
			return nil
		}
	case Atom:
		if to.Kind() == reflect.String {
			to.SetString(string(t))
			return nil
		}
	case []any:
		return assignList(to, t)
	case Tuple:
		if to.Kind() == reflect.Array {
			return assignList(to, t)
		}
	case map[string]any, Map:
		return assignMap(to, pairs(t))
	}
	return mismatch(to, term)
}

// assignSpecial handles the types that say themselves how they are read.
func assignSpecial(to reflect.Value, term any) (done bool, err error) {
	if to.Type() == reflect.TypeFor[big.Int]() {
		switch term.(type) {
		case int64, *big.Int:
			to.Addr().Interface().(*big.Int).Set(bigInt(term))
			return true, nil
		}
		return true, mismatch(to, term)
	}
	text, isText := term.(string)
	if u, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok && isText {
		return true, u.UnmarshalText([]byte(text))
	}
	return false, nil
}

func assignInt(to reflect.Value, n *big.Int) error {
	switch {
	case to.CanInt() && n.IsInt64() && !to.OverflowInt(n.Int64()):
		to.SetInt(n.Int64())
	case to.CanUint() && n.IsUint64() && !to.OverflowUint(n.Uint64()):
		to.SetUint(n.Uint64())
	case to.CanFloat():
		f, _ := new(big.Float).SetInt(n).Float64()
		if to.OverflowFloat(f) {
			return mismatch(to, n)
		}
		to.SetFloat(f)
	default:
		return mismatch(to, n)
	}
	return nil
}

func assignList(to reflect.Value, elems []any) error {
	switch to.Kind() {
	case reflect.Slice:
		// A slice of bytes was written as a binary; a list of integers into it is a charlist, which is welcome too.
		to.Set(reflect.MakeSlice(to.Type(), len(elems), len(elems)))
	case reflect.Array:
		if to.Len() != len(elems) {
			return fmt.Errorf("%d elements into %v", len(elems), to.Type())
		}
	default:
		return mismatch(to, elems)
	}
	for i, e := range elems {
		if err := assign(to.Index(i), e); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func assignMap(to reflect.Value, m Map) error {
	switch to.Kind() {
	case reflect.Map:
		out := reflect.MakeMapWithSize(to.Type(), len(m))
		for _, p := range m {
			key, value := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
			if err := assign(key, p.Key); err != nil {
				return fmt.Errorf("key %v: %w", p.Key, err)
			}
			if !key.Comparable() {
				return fmt.Errorf("key %v cannot be a key of %v", p.Key, to.Type())
			}
			if err := assign(value, p.Value); err != nil {
				return fmt.Errorf("key %v: %w", p.Key, err)
			}
			out.SetMapIndex(key, value)
		}
		to.Set(out)
		return nil
	case reflect.Struct:
		for _, f := range fields(to.Type()) {
			value, ok := m.Get(f.name)
			if !ok {
				value, ok = m.Get(Atom(f.name))
			}
			if !ok {
				continue
			}
			if err := assign(to.FieldByIndex(f.index), value); err != nil {
				return fmt.Errorf("field %s: %w", f.name, err)
			}
		}
		return nil
	}
	return mismatch(to, m)
}

func mismatch(to reflect.Value, term any) error {
	var what string
	switch t := term.(type) {
	case nil:
		what = "the atom nil"
	case bool, Atom:
		what = "the atom " + atomText(t)
	case int64, *big.Int:
		what = "an integer"
	case float64:
		what = "a float"
	case string:
		what = "a binary"
	case []any, Improper:
		what = "a list"
	case Tuple:
		what = fmt.Sprintf("a tuple of %d", len(t))
	case map[string]any, Map:
		what = "a map"
	case Bitstring:
		what = "a bit string"
	default:
		return errors.New("not a term that Decode returns: a " + reflect.TypeOf(term).String())
	}
	return fmt.Errorf("%s does not fit into %v", what, to.Type())
}
