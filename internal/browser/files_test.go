package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestFilesAndPages(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>a form</title><form method="post" enctype="multipart/form-data">
			<input type="file" name="file" data-testid="file"><button data-testid="send">send</button></form>
			<a href="/file" data-testid="link">a file</a>`)
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		f, header, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		defer f.Close()
		content, err := io.ReadAll(f)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>done</title><p data-testid="got">%s: %s %v</p>`, header.Filename, content, err)
	})
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="letter.txt"`)
		io.WriteString(w, "Dear reader")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(path, []byte("a note"), 0o600); err != nil {
		t.Fatal(err)
	}

	w := Start(t, Config{}).Window(WindowConfig{})
	w.Open(server.URL)
	for range 2 { // twice, as the events of the first are not those of the second
		if name, content := w.Download("link"); name != "letter.txt" || string(content) != "Dear reader" {
			t.Errorf("downloaded %s: %q", name, content)
		}
	}
	w.Upload("file", path)
	Eval[bool](w, `setTimeout(() => document.querySelector("[data-testid=send]").click(), 100) > 0`) // leaves the page while it is being waited in
	w.WaitText("got", "note.txt: a note")
	w.Back()
	w.WaitFor("send")
}
