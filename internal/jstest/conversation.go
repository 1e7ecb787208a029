package jstest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// longest is the longest line that a script may write: a stack with a payload in it.
const longest = 16 << 20

// A conversation reads a script's lines and answers its needs.
type conversation struct {
	needs  map[string]func(details map[string]any) error
	answer *json.Encoder
	report func(name, why string)
	log    func(line string)

	result Result
	done   bool
	said   int // scenarios that the script says it ran
}

// listen reads until the script closes its output. Lines that are not JSON objects are logged.
func (c *conversation) listen(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		if err := c.hear(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (c *conversation) hear(line []byte) error {
	var said map[string]any
	if json.Unmarshal(line, &said) != nil {
		c.log(string(line))
		return nil
	}
	switch {
	case c.done:
		return fmt.Errorf("the script went on after its end: %s", line)
	case isText(said["ok"]):
		name := said["ok"].(string)
		c.result.OK = append(c.result.OK, name)
		c.report(name, "")
	case isText(said["fail"]):
		name, _ := said["fail"].(string)
		why, _ := said["why"].(string)
		if why == "" {
			why = "no reason given"
		}
		c.result.Failed = append(c.result.Failed, Failure{Name: name, Why: why})
		c.report(name, why)
	case isText(said["need"]):
		return c.serve(said["need"].(string), said)
	case isNumber(said["done"]):
		c.done, c.said = true, int(said["done"].(float64))
	default:
		c.log(string(line))
	}
	return nil
}

func isText(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

func isNumber(v any) bool {
	_, ok := v.(float64)
	return ok
}

// serve does what the script needs, and says so, or says why not.
func (c *conversation) serve(what string, details map[string]any) error {
	err := fmt.Errorf("this server offers no %q", what)
	if serve := c.needs[what]; serve != nil {
		err = serve(details)
	}
	answer := map[string]string{"did": what}
	if err != nil {
		answer = map[string]string{"failed": what, "why": err.Error()}
	}
	if err := c.answer.Encode(answer); err != nil {
		return fmt.Errorf("answering the need %q: %w", what, err)
	}
	return nil
}

// complete checks that the script came to its end and hid nothing.
func (c *conversation) complete() error {
	switch ran := len(c.result.OK) + len(c.result.Failed); {
	case !c.done:
		return errors.New("ended without its last line: a promise that nothing resolves ends node early")
	case c.said == 0:
		return errors.New("ran no scenario")
	case ran != c.said:
		return fmt.Errorf("reported %d scenarios and says it ran %d", ran, c.said)
	}
	return nil
}
