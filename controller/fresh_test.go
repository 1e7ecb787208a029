package controller

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestJSONIfChanged(t *testing.T) {
	action := func(w http.ResponseWriter, r *http.Request) error { return JSONIfChanged(w, r, page{}) }
	w, err := run(get("/"), action)
	if err != nil {
		t.Fatal(err)
	}
	want(t, w, 200, typeJSON, `{"items":[],"meta":{}}`)
	tag := w.Header().Get("Etag")
	for _, c := range []struct {
		header string
		status int
	}{
		{tag, 304}, {tag[2:], 304}, {"*", 304}, {`"a", ` + tag, 304}, {`"a,b",W/"c" , ` + tag + `, "z"`, 304},
		{`"other"`, 200}, {`W/"other"`, 200}, {tag[:len(tag)-1], 200}, {"", 200}, {`garbage ` + tag, 200},
	} {
		w, _ := run(get("/", "If-None-Match", c.header), action)
		if w.Code != c.status || w.Header().Get("Etag") != tag || (c.status == 304) != (w.Body.Len() == 0) {
			t.Errorf("%q: got %d %q, want %d", c.header, w.Code, w.Body, c.status)
		}
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("If-None-Match", tag)
	if w, _ = run(r, action); w.Code != 200 {
		t.Errorf("POST: got %d", w.Code)
	}
}

func TestNotModifiedTakesTagsOnly(t *testing.T) {
	for _, etag := range []string{"v1", `"v1`, `"a b"`, `"a"b"`, "\"a\r\n\"", ""} {
		w := httptest.NewRecorder()
		if NotModified(w, get("/", "If-None-Match", "*"), etag) || w.Header().Get("Etag") != "" {
			t.Errorf("%q is taken for an entity tag", etag)
		}
	}
}
