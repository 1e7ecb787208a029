package param

import (
	"fmt"
	"reflect"
	"strings"
)

// Bind puts parameters into the struct that dst points to. A field takes the parameter that its tag names:
//
//	type signUp struct {
//		Email string       `param:"email,required"`
//		Age   *int         `param:"age"` // nil if it is missing
//		Tags  []string     `param:"tags"`
//		Photo *param.Upload `param:"photo"`
//	}
//
// Fields without a tag stay as they are, so that a request sets nothing by accident; embedded structs without one belong to the struct around. Fields
// may have any type that [Value] knows, be pointers to them, maps of them, structs, and slices of all of these; a slice also takes a map whose keys
// are numbers, as forms with rows send. What is missing, nil, or an empty string where the field is no string leaves the field as
// it was, or is an error if the tag says required; so is an empty string under a required string.
//
// The error is an [Errors] that lists all that is wrong; the struct is then filled in part. Bind panics if dst is no pointer to a struct or a tag
// or the type of a field is wrong.
func Bind(m Map, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("param: Bind into a %T: it takes a pointer to a struct", dst))
	}
	var c converter
	c.bind(v.Elem(), "", m)
	if len(c.errs) > 0 {
		return c.errs
	}
	return nil
}

// bind fills a struct from what is under the name prefix.
func (c *converter) bind(dst reflect.Value, prefix string, m Map) {
	t := dst.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("param")
		if !ok {
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				c.bind(dst.Field(i), prefix, m)
			}
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		if name == "" || !f.IsExported() || option != "" && option != "required" {
			panic(fmt.Sprintf("param: field %s of %s has the tag %q: write `param:\"name\"` or `param:\"name,required\"`, on exported fields", f.Name, t, tag))
		}
		field := name
		if prefix != "" {
			field = prefix + "[" + name + "]"
		}
		v := m[name]
		if v == nil || v == "" && (option != "" || !takesEmpty(f.Type)) {
			if option != "" {
				c.fail(field, "is required")
			}
			continue
		}
		c.set(dst.Field(i), field, v)
	}
}

// takesEmpty reports whether an empty string is a value of type t.
func takesEmpty(t reflect.Type) bool { return t.Kind() == reflect.String }
