package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Source is where variables come from. The zero Source is the process's environment.
type Source struct {
	// Environ holds "NAME=value" lines; of equal names the last counts. Nil means os.Environ(), read by Load.
	Environ []string
	// Prefix stands before all names, such as "CHAT_". Variables that begin with it and are not known are problems, since they are likely misspelt. Empty means none.
	Prefix string
	// ReadFile reads the files that NAME_FILE variables name. Nil means from the file system.
	ReadFile func(name string) ([]byte, error)
}

const fileLimit = 1 << 20

// A Problem is one variable that is wrong or missing.
type Problem struct {
	Name string // of the variable; empty if a Validate method said it
	What string // is wrong; holds no value
}

// An Error holds all that was wrong, in the order of fields.
type Error struct{ Problems []Problem }

// Error writes a line for each problem.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("config: the environment is not right:")
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		if p.Name != "" {
			b.WriteString(p.Name + ": ")
		}
		b.WriteString(p.What)
	}
	return b.String()
}

// Load makes a T from the variables of src. Its error is an *[Error]. It panics if the tags of T are wrong.
func Load[T any](src Source) (T, error) {
	var value T
	v := reflect.ValueOf(&value).Elem()
	l := loader{src: src, vars: map[string]string{}}
	environ := src.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for _, line := range environ {
		if name, text, ok := strings.Cut(line, "="); ok {
			l.vars[name] = text
		}
	}
	fields := fieldsOf(v.Type(), src.Prefix, nil)
	for _, f := range fields {
		l.load(f, v.FieldByIndex(f.index), fields)
	}
	l.unknown(fields)
	if len(l.problems) == 0 {
		l.validate(v)
	}
	if len(l.problems) > 0 {
		var none T
		return none, &Error{l.problems}
	}
	return value, nil
}

type loader struct {
	src      Source
	vars     map[string]string
	problems []Problem
}

func (l *loader) wrong(name, format string, args ...any) {
	l.problems = append(l.problems, Problem{name, fmt.Sprintf(format, args...)})
}

func (l *loader) load(f field, v reflect.Value, all []field) {
	text, shown := l.vars[f.name], !confidential(f.typ)
	if file := l.vars[f.name+"_FILE"]; text == "" && file != "" {
		content, err := l.read(file)
		if err != nil {
			l.wrong(f.name+"_FILE", "reading the file that it names: %v", reason(err))
			return
		}
		text, shown = strings.TrimRight(string(content), "\r\n"), false
	}
	switch {
	case text != "":
	case f.required:
		l.wrong(f.name, "is required and not set%s; expected a %s", l.near(f.name, all), f.typ)
		return
	case f.has:
		text = f.fallback
	default:
		return
	}
	if err := f.set(v, text); err != nil {
		if shown {
			l.wrong(f.name, "%v, got %q", err, text)
		} else {
			l.wrong(f.name, "%v", err)
		}
	}
}

// reason is an error without the name of the file, which may be a secret put in the wrong place.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (l *loader) read(name string) ([]byte, error) {
	if l.src.ReadFile != nil {
		return l.src.ReadFile(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	if err == nil && len(content) > fileLimit {
		err = fmt.Errorf("it is larger than %d bytes", fileLimit)
	}
	return content, err
}

// unknown reports variables that begin with the prefix and belong to no field.
func (l *loader) unknown(fields []field) {
	if l.src.Prefix == "" {
		return
	}
	var names []string
	for name := range l.vars {
		known := func(f field) bool { return name == f.name || name == f.name+"_FILE" }
		if strings.HasPrefix(name, l.src.Prefix) && !slices.ContainsFunc(fields, known) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		hint := ""
		for _, f := range fields {
			if similar(name, f.name) {
				hint = "; did you mean " + f.name + "?"
				break
			}
		}
		l.wrong(name, "is not known%s", hint)
	}
}

// near names a variable that is set, belongs to no field, and may have been meant.
func (l *loader) near(name string, fields []field) string {
	best := ""
	for other := range l.vars {
		taken := slices.ContainsFunc(fields, func(f field) bool { return f.name == other })
		if !taken && similar(other, name) && (best == "" || other < best) {
			best = other
		}
	}
	if best == "" {
		return ""
	}
	return " (" + best + " is: a misspelling?)"
}

// similar allows one slip in four letters, two at most.
func similar(a, b string) bool { return distance(a, b) <= min(2, len(b)/4) }

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// validate calls Validate of the structs within v, then of v.
func (l *loader) validate(v reflect.Value) {
	for i := range v.NumField() {
		if sf := v.Type().Field(i); sf.IsExported() && sf.Type.Kind() == reflect.Struct {
			if _, tagged := sf.Tag.Lookup("env"); !tagged {
				l.validate(v.Field(i))
			}
		}
	}
	if x, ok := v.Addr().Interface().(interface{ Validate() error }); ok {
		if err := x.Validate(); err != nil {
			l.wrong("", "%v", err)
		}
	}
}

// Usage returns a table of the variables that Load[T] reads, for help.
func Usage[T any](prefix string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "VARIABLE\tTYPE\tDEFAULT\tMEANING")
	for _, f := range fieldsOf(reflect.TypeFor[T](), prefix, nil) {
		fallback := f.fallback
		if f.required {
			fallback = "(required)"
		} else if f.typ == secretType && f.has {
			fallback = redacted
		}
		help := f.help
		if len(f.oneOf) > 0 {
			help = strings.TrimSpace(help + " (" + strings.Join(f.oneOf, ", ") + ")")
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.name, f.typ, fallback, help)
	}
	_ = w.Flush()
	return b.String()
}
