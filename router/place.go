package router

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"runtime"
	"strings"
)

// pkgPath is the import path of this package, as the runtime writes it in names of functions.
var pkgPath = reflect.TypeFor[Router]().PkgPath()

// caller returns file and line of the definition that is being made: the innermost caller outside of this package that
// has not called Helper.
func (b *builder) caller() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, pkgPath+".") && !b.helpers[f.Function] {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}

// callerName returns the name of the function that called Helper.
func callerName() string {
	var pcs [1]uintptr
	f, _ := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])]).Next()
	return f.Function
}

var closureEnd = regexp.MustCompile(`(\.func\d+|\.\d+|-fm|-range\d+|\.gowrap\d+)+$`)

// funcName returns the name of a function as it is called outside of its package: "web.Users.Create".
func funcName(f any) string {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.IsNil() {
		return ""
	}
	fn := runtime.FuncForPC(v.Pointer())
	if fn == nil {
		return "func"
	}
	name := fn.Name()
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.TrimSuffix(name, "-fm")
	name = strings.NewReplacer("(*", "", ")", "", "[...]", "", "%2e", ".").Replace(name)
	return name
}

// constructorName returns the name of the function that made f, if f is a closure: plugs are named after what made them.
func constructorName(f any) string {
	name := closureEnd.ReplaceAllString(funcName(f), "")
	// Between package and constructor stands the receiver, or what the compiler inlined the constructor into.
	pkg, rest, _ := strings.Cut(name, ".")
	return pkg + "." + rest[strings.LastIndexByte(rest, '.')+1:]
}

func handlerName(h http.Handler) string {
	if f, ok := h.(http.HandlerFunc); ok {
		return funcName(f)
	}
	return strings.TrimPrefix(reflect.TypeOf(h).String(), "*")
}
