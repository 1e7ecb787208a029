package config

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// field is one variable of a struct.
type field struct {
	name     string
	index    []int
	typ      reflect.Type
	required bool
	fallback string
	has      bool // a default
	min, max string
	oneOf    []string
	help     string
}

var (
	urlType      = reflect.TypeFor[*url.URL]()
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// confidential says whether values of t must not be shown.
func confidential(t reflect.Type) bool {
	return t == secretType || t == urlType || t.Kind() == reflect.Slice && confidential(t.Elem())
}

func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// fieldsOf lists the variables of a struct. It panics for tags that cannot be meant.
func fieldsOf(t reflect.Type, prefix string, index []int) (all []field) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int{}, index...), i)
		tag, tagged := sf.Tag.Lookup("env")
		if !tagged {
			if sf.IsExported() && sf.Type.Kind() == reflect.Struct && !isText(sf.Type) {
				all = append(all, fieldsOf(sf.Type, prefix+sf.Tag.Get("prefix"), at)...)
			}
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		f := field{
			name: prefix + name, index: at, typ: sf.Type, required: option == "required",
			min: sf.Tag.Get("min"), max: sf.Tag.Get("max"), help: sf.Tag.Get("help"),
		}
		f.fallback, f.has = sf.Tag.Lookup("default")
		if list := sf.Tag.Get("oneof"); list != "" {
			f.oneOf = strings.Split(list, ",")
		}
		f.check(t, sf, name, option)
		all = append(all, f)
	}
	return all
}

func (f field) check(t reflect.Type, sf reflect.StructField, name, option string) {
	wrong := func(format string, args ...any) {
		panic(fmt.Sprintf("config: field %s.%s: ", t, sf.Name) + fmt.Sprintf(format, args...))
	}
	switch {
	case !sf.IsExported():
		wrong("it has an env tag but is not exported")
	case name == "":
		wrong(`its env tag names no variable; write env:"NAME"`)
	case option != "" && option != "required":
		wrong("its env tag says %q; only \"required\" is known", option)
	case f.required && f.has:
		wrong("it is required and has a default; drop one")
	}
	if f.has {
		if err := f.set(reflect.New(f.typ).Elem(), f.fallback); err != nil {
			wrong("its default is wrong: %v", err)
		}
	}
}
