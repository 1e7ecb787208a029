package etf

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"strings"
)

// term turns any Go value into the types that stand for terms, all the way down: the encoder then compares keys of one
// kind only, however their Go types were named.
func term(v any, depth int) (any, error) {
	if depth > defaultDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, string, Atom, Bitstring:
		return v, nil
	case *big.Int:
		if v == nil {
			return nil, nil
		}
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return v, nil
	case big.Int:
		return term(&v, depth)
	case []byte:
		return string(v), nil
	case Tuple:
		elems, err := terms(v, depth)
		return Tuple(elems), err
	case []any:
		return terms(v, depth)
	case Improper:
		elems, err := terms(v.Elems, depth)
		if err != nil {
			return nil, err
		}
		tail, err := term(v.Tail, depth+1)
		return Improper{elems, tail}, err
	case Map:
		return mapTerm(v, depth)
	}
	rv := reflect.ValueOf(v)
	if m, ok := v.(encoding.TextMarshaler); ok && !(rv.Kind() == reflect.Pointer && rv.IsNil()) {
		text, err := m.MarshalText()
		return string(text), err
	}
	switch rv.Kind() {
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return term(new(big.Int).SetUint64(rv.Uint()), depth)
	case reflect.Float32, reflect.Float64:
		return rv.Float(), nil
	case reflect.String:
		return rv.String(), nil
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		return term(rv.Elem().Interface(), depth+1) // +1: a pointer to itself must end
	case reflect.Slice, reflect.Array:
		if rv.Type().Elem().Kind() == reflect.Uint8 && rv.Kind() == reflect.Slice {
			return string(rv.Bytes()), nil
		}
		list := make([]any, rv.Len())
		for i := range list {
			var err error
			if list[i], err = term(rv.Index(i).Interface(), depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case reflect.Map:
		m := make(Map, 0, rv.Len())
		for it := rv.MapRange(); it.Next(); {
			m = append(m, Pair{it.Key().Interface(), it.Value().Interface()})
		}
		return mapTerm(m, depth)
	case reflect.Struct:
		return structTerm(rv, depth)
	}
	return nil, fmt.Errorf("a %T stands for no term", v)
}

func terms(in []any, depth int) ([]any, error) {
	out := make([]any, len(in))
	for i, e := range in {
		var err error
		if out[i], err = term(e, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func mapTerm(m Map, depth int) (any, error) {
	out := make(Map, len(m))
	for i, p := range m {
		var err error
		if out[i].Key, err = term(p.Key, depth+1); err != nil {
			return nil, err
		}
		if out[i].Value, err = term(p.Value, depth+1); err != nil {
			return nil, fmt.Errorf("key %v: %w", p.Key, err)
		}
	}
	sorted, duplicate, ok := out.sorted()
	if !ok {
		return nil, fmt.Errorf("key %v stands in the map twice", duplicate)
	}
	return sorted, nil
}

func structTerm(rv reflect.Value, depth int) (any, error) {
	var m Map
	for _, f := range fields(rv.Type()) {
		v := rv.FieldByIndex(f.index)
		if f.omitEmpty && v.IsZero() {
			continue
		}
		var key any = f.name
		if f.atom {
			key = Atom(f.name)
		}
		m = append(m, Pair{key, v.Interface()})
	}
	return mapTerm(m, depth)
}

type field struct {
	name      string
	atom      bool
	omitEmpty bool
	index     []int
}

// fields lists the exported fields of a struct type; embedded structs without a name in a tag give theirs.
func fields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("etf")
		if !tagged {
			tag = sf.Tag.Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			for _, f := range fields(sf.Type) {
				f.index = append([]int{i}, f.index...)
				out = append(out, f)
			}
			continue
		}
		if !sf.IsExported() {
			continue
		}
		f := field{name: name, index: sf.Index}
		if name == "" {
			f.name = sf.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			f.atom = f.atom || option == "atom"
			f.omitEmpty = f.omitEmpty || option == "omitempty"
		}
		out = append(out, f)
	}
	return out
}
