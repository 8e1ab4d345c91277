package translate

// Version names the state of the rules. It goes into system_fingerprint (R-RES-03): raise it when a change makes the same
// request into another Bedrock call, or the same reply into another answer.
const Version = "2"
