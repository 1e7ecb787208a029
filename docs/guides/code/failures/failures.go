// Package failures is the code of the guide on errors: actions return them, and one function answers them all.
package failures

import (
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// Errors answers every error of the application.
func Errors(log *slog.Logger) plug.ErrorWriter {
	return controller.Fallback(controller.FallbackConfig{
		// Errors of other packages, which know no status.
		Status: func(err error) int {
			if errors.Is(err, sql.ErrNoRows) {
				return http.StatusNotFound
			}
			return 0
		},
		Page: func(r *http.Request, e controller.ErrorInfo) controller.Component {
			return controller.Template(errorPage, "", e)
		},
		Challenge: "Bearer",
		Logger:    log,
	})
}

var errorPage = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<title>{{.Status}}</title>
<h1>{{.Detail}}</h1>
{{range $field, $reasons := .Fields}}<p>{{$field}} {{range $reasons}}{{.}} {{end}}</p>{{end}}
`))

// A PausedError is an error of the application that knows how it is answered.
type PausedError struct{ Until time.Time }

func (e *PausedError) Error() string {
	return "the room is paused until " + e.Until.Format(time.TimeOnly)
}
func (e *PausedError) HTTPStatus() int           { return http.StatusServiceUnavailable }
func (e *PausedError) RetryAfter() time.Duration { return time.Until(e.Until) }

// Rooms is what the actions stand on.
type Rooms interface {
	Find(id string) (name string, err error)
	Create(name string) (id string, err error)
}

// Handler has the routes. Plugs refuse by the same function as actions.
func Handler(rooms Rooms, log *slog.Logger) http.Handler {
	show := func(w http.ResponseWriter, r *http.Request) error {
		name, err := rooms.Find(r.PathValue("id"))
		if err != nil {
			return fmt.Errorf("finding room %s: %w", r.PathValue("id"), err)
		}
		return controller.JSON(w, http.StatusOK, map[string]string{"name": name})
	}
	create := func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name string `param:"name,required"`
			Size int    `param:"size"`
		}
		if err := param.Bind(param.Get(r, "room"), &in); err != nil {
			return err // 422, with what is wrong by field
		}
		if len(in.Name) > 20 {
			return controller.Invalid{"name": {"should be at most 20 characters"}}
		}
		id, err := rooms.Create(in.Name)
		if err != nil {
			return err
		}
		return controller.Created(w, "/rooms/"+id, map[string]string{"id": id})
	}
	routes := router.New(func(r *router.Scope) {
		r.Scope("/", plug.Accepts("html", "json"), func(r *router.Scope) {
			r.Get("/rooms/{id}", show)
			r.Post("/rooms", create)
		})
	})
	return plug.Pipeline(plug.Errors(Errors(log)), plug.Parsers())(routes)
}
