package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// poller makes the requests of all clients on long-polling.
type poller struct {
	client http.Client
	url    string
}

func newPoller(addr string, t *http.Transport) *poller {
	return &poller{client: http.Client{Transport: t, Timeout: answerWithin}, url: "http://" + addr + "/socket/longpoll?vsn=2.0.0"}
}

func (p *poller) close() { p.client.CloseIdleConnections() }

// polled is an answer of long-polling, whose status stands in the body.
type polled struct {
	Status   int      `json:"status"`
	Token    string   `json:"token"`
	Messages []string `json:"messages"`
}

// ask sends messages, or with none polls.
func (p *poller) ask(ctx context.Context, token string, messages []string) (polled, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if len(messages) > 0 {
		method, body = http.MethodPost, strings.NewReader(strings.Join(messages, "\n"))
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url, body)
	if err != nil {
		return polled{}, err
	}
	if token != "" {
		req.Header.Set("X-Phoenix-Longpoll-Token", token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return polled{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return polled{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return polled{}, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	var answer polled
	if err := json.Unmarshal(text, &answer); err != nil {
		return polled{}, err
	}
	return answer, nil
}

// longestPause leaves room before the 15 s without a poll after which a session has ended, for a machine on which everything takes a while.
const longestPause = 4 * time.Second

// pollSession is a session on long-polling: say something, poll for what comes, and so on. It ends when polls stop, at times in the middle of one.
func (c *crowd) pollSession(ctx context.Context, id int, rng *rand.Rand) {
	opened, err := c.poll.ask(ctx, "", nil)
	if err != nil || opened.Status != http.StatusGone || opened.Token == "" {
		if ctx.Err() == nil {
			c.fault(fmt.Sprintf("opening a long-poll session: %d", opened.Status))
		}
		return
	}
	c.count("sessions on long-polling")
	t := newTalk(c, id, rng)
	end := time.Now().Add(about(rng, c.life))
	cut, cancel := ctx, context.CancelFunc(func() {})
	if rng.IntN(2) == 0 { // as when a tab closes
		cut, cancel = cancelAfter(ctx, time.Until(end))
	}
	defer cancel()
	token := opened.Token
	say := t.start()
	for cut.Err() == nil && time.Now().Before(end) {
		if len(say) > 0 {
			answer, err := c.poll.ask(cut, token, say)
			if err != nil || answer.Status != http.StatusOK {
				c.pollFailed(cut, "saying", answer.Status)
				return
			}
		}
		answer, err := c.poll.ask(cut, token, nil)
		if err != nil || answer.Status != http.StatusOK && answer.Status != http.StatusNoContent {
			c.pollFailed(cut, "polling", answer.Status)
			return
		}
		say = nil
		for _, m := range answer.Messages {
			say = append(say, t.receive([]byte(m))...)
		}
		t.overdue(time.Now())
		if len(t.asks) == 0 && pause(cut, min(about(rng, c.every), longestPause)) {
			say = append(say, t.action()...)
		}
	}
	c.count("ends by no more polls")
}

func (c *crowd) pollFailed(ctx context.Context, doing string, status int) {
	if ctx.Err() == nil {
		c.fault(fmt.Sprintf("%s on long-polling: %d", doing, status))
		return
	}
	c.count("ends in the middle of a poll")
}
