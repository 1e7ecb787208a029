package channel_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
)

var update = flag.Bool("update", false, "write what the server says into testdata")

// TestTranscripts plays testdata/*.txt. A file is one case, line by line:
//
//	# a comment
//	! a command: see play
//	> a message of client a, b> one of client b
//	< a message that client a gets, b< one that client b gets; "closed 1001" if the server closes the connection
//	* what the application has noted, in the order of its lines
//
// Lines that follow each other without a < or * or "! wait" between them happen without waiting. A file in the format of vsn 2.0.0 is also
// played by clients with vsn 1.0.0, whose messages say the same, unless it has the command "only 2.0.0".
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			got := play(t, want, "2.0.0")
			if *update {
				want = got
				if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("vsn 2.0.0 (-want +got):\n%s", diff)
			}
			if slices.Contains(want, "! only 2.0.0") {
				return
			}
			if diff := cmp.Diff(linesAsV1(t, want), play(t, linesAsV1(t, want), "1.0.0")); diff != "" {
				t.Errorf("vsn 1.0.0 (-want +got):\n%s", diff)
			}
		})
	}
}

// play returns lines with the server's as they are.
func play(t *testing.T, lines []string, vsn string) (played []string) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{t: t, vsn: vsn, notes: &notes{}, clients: map[string]*channeltest.Client{}}
		for i := 0; i < len(lines); {
			acted := false
			for ; i < len(lines) && !isOutcome(lines[i]); i++ {
				p.played = append(p.played, lines[i])
				acted = p.act(lines[i]) || acted
				if lines[i] == "! wait" || acted && i+1 < len(lines) && !isAction(lines[i+1]) {
					i++
					break
				}
			}
			p.outcome()
			for i < len(lines) && isOutcome(lines[i]) {
				i++
			}
		}
		played = p.played
	})
	return played
}

func isOutcome(line string) bool {
	return strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "< ") || strings.HasPrefix(line, "b< ") || strings.HasPrefix(line, "c< ")
}

func isAction(line string) bool {
	_, _, ok := speaker(line, ">")
	return ok || strings.HasPrefix(line, "! ")
}

// speaker splits "b> text" into "b" and text.
func speaker(line, mark string) (name, text string, ok bool) {
	before, text, found := strings.Cut(line, mark+" ")
	if !found || len(before) > 1 {
		return "", "", false
	}
	return before, text, true
}

// player plays one transcript.
type player struct {
	t       *testing.T
	vsn     string
	socket  string
	app     *channeltest.App
	notes   *notes
	clients map[string]*channeltest.Client
	closed  []string // names of clients whose end has been written down
	played  []string
}

func (p *player) application() *channeltest.App {
	if p.app == nil {
		p.app = channeltest.Start(p.t, testSocket(p.socket, p.notes))
	}
	return p.app
}

func (p *player) client(name, vsn, tenant string) *channeltest.Client {
	c := p.clients[name]
	if c == nil {
		var err error
		c, err = p.application().TryConnect(map[string]any{"id": "user" + name, "tenant": tenant}, channeltest.Options{Vsn: vsn})
		if err != nil {
			p.t.Fatal(err)
		}
		p.clients[name] = c
	}
	return c
}

// act does what a line says, and reports whether that can have an outcome.
func (p *player) act(line string) bool {
	if name, text, ok := speaker(line, ">"); ok {
		c := p.client(name, p.vsn, "")
		if digits, isHex := strings.CutPrefix(text, "hex "); isHex {
			b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
			if err != nil {
				p.t.Fatalf("%s: %v", line, err)
			}
			c.SendBinary(b)
		} else {
			c.Send(text)
		}
		return true
	}
	command, ok := strings.CutPrefix(line, "! ")
	if !ok {
		return false
	}
	words := strings.SplitN(command, " ", 4)
	word := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "only": // 2.0.0
	case "socket": // NAME: of testSocket
		p.socket = word(1)
	case "client": // NAME VSN [TENANT]: connects; the VSN "any" is the one being played
		vsn := word(2)
		if vsn == "any" {
			vsn = p.vsn
		}
		p.client(strings.TrimPrefix(word(1), "a"), vsn, word(3))
	case "sleep": // DURATION
		d, err := time.ParseDuration(word(1))
		if err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		time.Sleep(d)
		return true
	case "wait": // for what comes of the lines before
	case "broadcast": // TOPIC EVENT JSON: by a context of the application
		p.application().Broadcast(word(1), word(2), json.RawMessage(word(3)))
		return true
	case "bytes": // TOPIC EVENT TEXT: a binary broadcast
		p.application().Broadcast(word(1), word(2), channel.Binary(word(3)))
		return true
	case "send": // TOPIC NUMBER: to the processes of that topic
		n, _ := strconv.Atoi(word(2))
		for proc := range p.application().System().Processes() {
			if strings.HasSuffix(proc.Label(), " "+word(1)) {
				if err := proc.Send(n); err != nil {
					p.t.Fatal(err)
				}
			}
		}
		return true
	case "exit": // TOPIC: the processes of that topic are told to end with a reason that is none of the application's
		for proc := range p.application().System().Processes() {
			if strings.HasSuffix(proc.Label(), " "+word(1)) {
				proc.Exit(errors.New("told to"))
			}
		}
		return true
	case "disconnect": // ID
		p.application().Disconnect(word(1))
		return true
	case "drain":
		p.application().Drain()
		return true
	case "close": // CLIENT: in order
		p.client(strings.TrimPrefix(word(1), "a"), p.vsn, "").Close()
		return true
	case "drop": // CLIENT: loses its connection
		p.client(strings.TrimPrefix(word(1), "a"), p.vsn, "").Drop()
		return true
	default:
		p.t.Fatalf("%s: what is that?", line)
	}
	return false
}

// outcome writes down what has come of the lines before.
func (p *player) outcome() {
	synctest.Wait()
	for _, name := range []string{"", "b", "c"} {
		c := p.clients[name]
		if c == nil {
			continue
		}
		for _, m := range c.Raw() {
			p.played = append(p.played, name+"< "+m)
		}
		if code, _, closed := c.Closed(); closed && code != 0 && !slices.Contains(p.closed, name) {
			p.closed = append(p.closed, name)
			p.played = append(p.played, fmt.Sprintf("%s< closed %d", name, code))
		}
	}
	for _, n := range p.notes.take() {
		p.played = append(p.played, "* "+n)
	}
}

// linesAsV1 gives the lines of a transcript as a client with vsn 1.0.0, which sends join_refs, says and hears them.
func linesAsV1(t *testing.T, lines []string) []string {
	lines = slices.Clone(lines)
	for i, line := range lines {
		for _, mark := range []string{">", "<"} {
			name, text, ok := speaker(line, mark)
			if !ok || !strings.HasPrefix(text, "[") {
				continue
			}
			var m []json.RawMessage
			if err := json.Unmarshal([]byte(text), &m); err != nil || len(m) < 5 {
				t.Fatalf("%s: no message of vsn 2.0.0 (say \"! only 2.0.0\" if that is meant): %v", line, err)
			}
			v1 := fmt.Sprintf(`{"topic":%s,"event":%s,"payload":%s,"ref":%s`, m[2], m[3], m[4], m[1])
			if mark == ">" {
				v1 += fmt.Sprintf(`,"join_ref":%s`, m[0])
			}
			lines[i] = name + mark + " " + v1 + "}"
		}
	}
	return lines
}
