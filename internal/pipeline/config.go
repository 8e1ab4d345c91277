package pipeline

import "time"

// Config are the pipeline's settings.
type Config struct {
	// Deadline bounds a plain request from its arrival to its answer (R-ERR-71).
	Deadline time.Duration `yaml:"deadline" validate:"gt=0"`
	// EmbeddingCalls bounds the InvokeModel calls under way for embeddings, of one request and of the gateway (R-EMB-05).
	EmbeddingCalls int `yaml:"embedding_calls" validate:"min=1,max=1024"`
	// RememberRefusals is how long a target is sent nothing more of a kind that the gateway adds by itself and the target has
	// refused (R-CAP-07); 0 tries anew with each request.
	RememberRefusals time.Duration `yaml:"remember_refusals" validate:"min=0"`
}
