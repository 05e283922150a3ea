// All limits of the page, with their units. A tab may stay open for days: nothing
// in it grows past these.

// Two minutes at two frames a second, and some for a node that is quicker.
export const historyFramesMax = 256;
export const historySpanMs = 120_000;
export const eventsMax = 500;
// So many new events at once are read out by a screen reader; more are not.
export const eventsReadMax = 4;

// What a frame may hold. The largest cluster that is meant to be looked at has
// 50 nodes and 2,450 directions of links.
export const nodesMax = 200;
export const linksMax = 5_000;
export const holdsMax = 1_000;
export const rowsMax = 100;
// Rows that stay while somebody is among them, with those that are gone.
export const rowsHeldMax = 200;
// Rows that change places more often cannot be read.
export const orderPauseMs = 3_000;
// With many nodes, what is calm is drawn once a second: with the first frame after
// this pause, and if none comes, when it has waited so long.
export const calmPauseMs = 900;
export const calmRestMs = 1_000;
export const messageCharactersMax = 32 * 1024 * 1024;
export const textCharactersMax = 1_000;

// A picture with more lines than this shows less, not more.
export const linksDrawnMax = 300;
export const troubleDrawnMax = 300;
// Up to here each node has its own line in the plots and all links are drawn.
export const fewNodesMax = 12;
export const linesDrawnMax = 8;
// Which links and which lines of a plot are the fullest is asked anew no sooner.
export const choicePauseMs = 5_000;
// A channel over which nothing goes is pinged, which is less than this.
export const busyLinkBps = 1_000;

// A node whose report is older does not answer; its values are not shown.
export const silentAfterMs = 2_000;
// So many intervals without a frame are a gap in a plot.
export const gapIntervals = 2.5;

// No frame for so long, on a connection that is still open: said, then ended.
export const quietAfterMs = 3_000;
export const deadAfterMs = 10_000;
export const retryPausesMs = [500, 1_000, 2_000, 4_000, 8_000];

// An answer to a command that takes longer than this is not waited for. A node
// that is started says so when it is a member again.
export const answerLimitMs = 10_000;
export const startLimitMs = 65_000;
export const resultsMax = 4;
export const resultShownMs = 10_000;

// A screen reader is told of a change at most this often.
export const spokenPauseMs = 4_000;
export const describePauseMs = 5_000;
