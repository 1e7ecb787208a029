package router

import (
	"fmt"
	"strings"
	"unicode"
)

// initialisms are written in capitals in Go names.
var initialisms = map[string]string{
	"api": "API", "css": "CSS", "csv": "CSV", "html": "HTML", "http": "HTTP", "https": "HTTPS", "id": "ID", "ids": "IDs", "ip": "IP",
	"json": "JSON", "rss": "RSS", "sql": "SQL", "ui": "UI", "uri": "URI", "url": "URL", "uuid": "UUID", "xml": "XML",
}

// checkName refuses what cannot become part of the name of a Go function.
func checkName(name string) error {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return fmt.Errorf("name %q: use letters, digits and _, beginning with a letter", name)
		}
	}
	return nil
}

// wordName makes a name of a literal: "user-groups" becomes "user_groups". It is empty if nothing of it can be used.
func wordName(lit string) string {
	words := strings.FieldsFunc(lit, func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
	return strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
}

// goName makes "V1User" of "v1_user".
func goName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if upper, ok := initialisms[word]; ok {
			b.WriteString(upper)
		} else if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// goParam makes "userID" of "user_id", and avoids taken names.
func goParam(name string, taken map[string]bool) string {
	first, rest, _ := strings.Cut(strings.TrimLeft(name, "_"), "_")
	ident := first + goName(rest)
	if ident == "" || '0' <= ident[0] && ident[0] <= '9' {
		ident = "p" + ident
	}
	for taken[ident] {
		ident += "_"
	}
	taken[ident] = true
	return ident
}

// paramName makes a name of a parameter of one of a resource: "user" of "User".
func paramName(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// singular knows the regular plurals of English.
func singular(word string) string {
	for _, rule := range []struct{ plural, singular string }{
		{"ss", "ss"}, {"news", "news"}, {"series", "series"}, {"status", "status"}, {"statuses", "status"}, {"movies", "movie"},
		{"people", "person"}, {"children", "child"}, {"ies", "y"}, {"sses", "ss"}, {"shes", "sh"}, {"ches", "ch"}, {"xes", "x"},
		{"us", "us"}, {"s", ""},
	} {
		if stem, ok := strings.CutSuffix(word, rule.plural); ok && stem+rule.singular != "" {
			return stem + rule.singular
		}
	}
	return word
}
