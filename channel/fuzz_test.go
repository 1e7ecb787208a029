package channel_test

import (
	"bytes"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channeltest"
)

// FuzzReceive sends arbitrary messages: each is a line, a binary one begins with "hex ". Whatever comes, nothing but the client's own channels may
// crash, and when the client has gone nothing is left.
func FuzzReceive(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var said []string
		for line := range strings.Lines(string(b)) {
			if _, text, ok := speaker(strings.TrimSuffix(line, "\n"), ">"); ok {
				said = append(said, text)
			}
		}
		f.Add([]byte(strings.Join(said, "\n")), bytes.Contains(b, []byte("client a 1.0.0")))
	}
	f.Fuzz(func(t *testing.T, data []byte, v1 bool) {
		synctest.Test(t, func(t *testing.T) {
			app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
			witness := app.Connect(nil).Join("room:witness", nil)
			vsn := "2.0.0"
			if v1 {
				vsn = "1.0.0"
			}
			c, err := app.TryConnect(nil, channeltest.Options{Vsn: vsn})
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range bytes.Split(data, []byte("\n")) {
				if digits, ok := bytes.CutPrefix(line, []byte("hex ")); ok {
					if b, err := hex.DecodeString(string(bytes.ReplaceAll(digits, []byte(" "), nil))); err == nil {
						c.SendBinary(b)
						continue
					}
				}
				c.Send(string(line))
				if i%3 == 2 {
					synctest.Wait()
				}
			}
			c.Raw()
			c.Close()
			time.Sleep(30 * 365 * 24 * time.Hour) // of what sleeps as long as it was told
			witness.Push("echo", map[string]any{"x": 1}).WantReply("ok", map[string]any{"x": 1})
			if n := app.System().Count(); n != 1 {
				t.Errorf("%d processes live, want the witness only", n)
			}
		})
	})
}

// TestClosingWhileReceiving ends connections in the midst of what they send.
func TestClosingWhileReceiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
		for i := range 200 {
			c := app.Connect(nil)
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				if i%2 == 0 {
					app.Broadcast("room:a", "shout", nil)
				}
				c.Drop()
			}()
			for range 10 {
				c.Send(`["1","1","room:a","phx_join",{"Say":"push"}]`)
				c.Send(`["1","2","room:a","shout",{}]`)
				c.Send(`["1","3","room:b","phx_join",{"Slow":1000}]`)
				c.Send(`["1","4","room:a","phx_leave",{}]`)
			}
			<-closed
		}
		synctest.Wait()
		if n := app.System().Count(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
	})
}
