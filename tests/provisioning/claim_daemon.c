// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The real wasl-provisiond among played others: good and bad orders, hubs that lie, kill -9 in the middle.
 * Speaks TAP through cmocka; B says where the programs are.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/ctl.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/unixsock.h"
#include "tests/provisioning/players.h"
#include "tests/unit/provisioning/orders.h"

#define DEADLINE_MS 30000
#define CALL_MS 30000

static const unsigned by_enrol[] = { 140, 0 }, by_nobody[] = { 99, 0 };

static struct {
	char root[40];
	struct players *stage;
	pid_t players, daemon;
	int told, notify;
	void *order;
	size_t order_len;
} box;

static void drop_json(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, drop_json)

/* --- the stage ------------------------------------------------------------------------------- */

static void wait_told(char what)
{
	for (;;) {
		struct pollfd p = { .fd = box.told, .events = POLLIN };
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		char got = 0;
		assert_int_equal(read(box.told, &got, 1), 1);
		if (got == what)
			return;
	}
}

static void wait_ready(void)
{
	for (;;) {
		struct pollfd p = { .fd = box.notify, .events = POLLIN };
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		char got[256];
		ssize_t n = recv(box.notify, got, sizeof(got) - 1, 0);
		assert_true(n > 0);
		got[n] = '\0';
		if (strstr(got, "READY=1"))
			return;
	}
}

static pid_t launch(const char *log)
{
	fflush(NULL);
	pid_t child = fork();
	if (child != 0)
		return child;
	int fd = open(paths_at("%s/%s", box.root, log).at, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	struct path program = paths_given("%s/bin/wasl-provisiond", getenv("B"));
	execl(program.at, "wasl-provisiond", NULL);
	_exit(127);
}

static void start_daemon(void)
{
	box.daemon = launch("log");
	wait_ready();
}

static int end_daemon(int sig)
{
	int status = 0;
	kill(box.daemon, sig);
	assert_int_equal(waitpid(box.daemon, &status, 0), box.daemon);
	box.daemon = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void make_order(const wasl_Order *order, const unsigned *signers)
{
	free(box.order);
	orders_sign(SIGNED_ORDER, wasl_Order_fields, order, signers, &box.order, &box.order_len);
}

static wasl_Order usual_order(void)
{
	wasl_Order order = orders_order();
	snprintf(order.hub_url, sizeof(order.hub_url), "http://127.0.0.1:%u", box.stage->port);
	return order;
}

static void put_root(void)
{
	static const struct kit_root plan = { 1, 10, 3, { 10, 11, 12 } };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(&plan, &bytes, &len);
	assert_int_equal(paths_mkdir(paths_at("/etc/wasl").at, 0755, NULL), 0);
	assert_int_equal(paths_mkdir(paths_at("/run/wasl").at, 0755, NULL), 0);
	assert_int_equal(fileio_replace(paths_at("/etc/wasl/root.1").at, bytes, len, 0644, NULL),
			 0);
}

static int set_up(void **state)
{
	(void)state;
	int ends[2];
	snprintf(box.root, sizeof(box.root), "/tmp/wasl-claim-XXXXXX");
	if (!mkdtemp(box.root) || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	setenv("WASL_ROOT", box.root, 1);
	box.notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", box.root);
	if (bind(box.notify, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	put_root();
	box.stage = mmap(NULL, sizeof(*box.stage), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (box.stage == MAP_FAILED || sem_init(&box.stage->hold, 1, 0) < 0)
		return -1;
	fflush(NULL);
	box.players = fork();
	if (box.players == 0)
		players_run(box.stage, ends[1]);
	close(ends[1]);
	box.told = ends[0];
	wait_told(PLAYER_READY);
	wasl_Order order = usual_order();
	make_order(&order, by_enrol);
	start_daemon();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const files[] = {
		"/run/wasl/provisiond.sock",
		"/run/wasl/provisiond.lock",
		"/run/wasl/agentd.sock",
		"/var/lib/wasl/setup/claim.json",
		"/var/lib/wasl/setup/claim.json.bad",
		"/etc/wasl/root.1",
	};
	static const char *const folders[] = {
		"/run/wasl",           "/run",          "/etc/wasl", "/etc",
		"/var/lib/wasl/setup", "/var/lib/wasl", "/var/lib",  "/var"
	};
	if (box.daemon)
		end_daemon(SIGTERM);
	kill(box.players, SIGKILL);
	waitpid(box.players, NULL, 0);
	close(box.told);
	close(box.notify);
	munmap(box.stage, sizeof(*box.stage));
	free(box.order);
	box.order = NULL;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(paths_at("%s", files[i]).at);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rmdir(paths_at("%s", folders[i]).at);
	unlink(paths_at("%s/notify", box.root).at);
	unlink(paths_at("%s/log", box.root).at);
	unlink(paths_at("%s/second", box.root).at);
	return rmdir(box.root);
}

/* --- what a technician does ------------------------------------------------------------------ */

static int post(struct fault *why)
{
	AUTO_FREE void *answer = NULL;
	size_t len = 0;
	*why = (struct fault){ 0 };
	return ctl_call_bytes(paths_at("/run/wasl/provisiond.sock").at, "POST", "/v1/order",
			      "application/octet-stream", box.order, box.order_len, CALL_MS,
			      &answer, &len, why);
}

/* The status of an answer, which ctl_call_bytes() does not tell. */
static int post_status(void)
{
	char head[200], answer[64] = "";
	AUTO_FD int fd = -1;
	assert_int_equal(unixsock_connect(paths_at("/run/wasl/provisiond.sock").at, SOCK_STREAM,
					  &fd, NULL),
			 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	int len = snprintf(head, sizeof(head),
			   "POST /v1/order HTTP/1.1\r\nHost: box\r\nConnection: close\r\n"
			   "Content-Length: %zu\r\n\r\n",
			   box.order_len);
	assert_int_equal(fileio_write_all(fd, head, (size_t)len), 0);
	assert_int_equal(fileio_write_all(fd, box.order, box.order_len), 0);
	assert_true(recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 12);
	return (int)strtol(answer + sizeof("HTTP/1.1 ") - 1, NULL, 10);
}

static void claim_is(const char *state, const char *words)
{
	CLEANUP(clean_json) json_t *claim = NULL;
	assert_int_equal(ctl_call(paths_at("/run/wasl/provisiond.sock").at, "GET", "/v1/claim",
				  NULL, CALL_MS, &claim, NULL),
			 0);
	assert_string_equal(json_string_value(json_object_get(claim, "state")), state);
	const char *text = json_string_value(json_object_get(claim, "text"));
	if (!strstr(text, words))
		fail_msg("wanted '%s' in '%s'", words, text);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void enrols_once_however_often_asked(void **state)
{
	(void)state;
	struct fault why;
	struct enrol_identity me = orders_me();
	claim_is("unclaimed", me.claim_code);
	assert_int_equal(post(&why), 0);
	claim_is("enrolled", "TN0001");
	assert_int_equal(post(&why), 0);
	assert_int_equal(end_daemon(SIGTERM), 0);
	start_daemon();
	claim_is("enrolled", "TN0001");
	assert_int_equal(post(&why), 0);
	assert_int_equal(box.stage->requests, 1);
	assert_int_equal(box.stage->grants, 1);

	wasl_Order other = usual_order();
	other.ticket[0] ^= 1;
	make_order(&other, by_enrol);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "already enrolled as TN0001"));
	snprintf(other.school_code, sizeof(other.school_code), "TN0002");
	other.epoch = 2;
	make_order(&other, by_enrol);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "the order is for TN0002"));
	assert_int_equal(box.stage->requests, 1);
}

static void bad_orders_leave_no_trace(void **state)
{
	(void)state;
	struct fault why;
	wasl_Order order = usual_order();
	make_order(&order, by_nobody);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "not signed by the ministry"));

	snprintf(order.claim_code, sizeof(order.claim_code), "0000000000000000");
	make_order(&order, by_enrol);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "is for the box with the claim code 0000000000000000"));

	order = usual_order();
	order.hub_url[0] = '\0';
	make_order(&order, by_enrol);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "names no hub"));

	order = usual_order();
	make_order(&order, by_enrol);
	((uint8_t *)box.order)[box.order_len - 1] ^= 1;
	assert_true(post(&why) < 0);
	box.order_len = 3;
	assert_true(post(&why) < 0);
	box.order_len = 0;
	assert_true(post(&why) < 0);
	claim_is("unclaimed", "belongs to no school yet");
	assert_int_equal(box.stage->requests, 0);
	assert_int_equal(access(paths_at("/var/lib/wasl/setup/claim.json").at, F_OK), -1);
}

static void hubs_that_are_none_do_not_cost_the_order(void **state)
{
	(void)state;
	static const struct {
		enum hub_does hub;
		const char *words;
	} rows[] = {
		{ HUB_DROPS, "cannot be reached" },
		{ HUB_LOGIN_PAGE, "not the ministry's hub, a login page perhaps" },
		{ HUB_BUSY, "cannot enrol now: come back later" },
		{ HUB_OTHER_NONCE, "answers another request" },
		{ HUB_OTHER_BOX, "is for another box" },
		{ HUB_OTHER_SCHOOL, "the order for TN0001" },
		{ HUB_FORGED, "not the ministry's hub" },
	};
	struct fault why;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		box.stage->hub = rows[i].hub;
		assert_true(post(&why) < 0);
		if (!strstr(why.text, rows[i].words))
			fail_msg("row %zu: '%s' in '%s'", i, rows[i].words, why.text);
		claim_is("ordered", rows[i].words);
		assert_int_equal(box.stage->enrolled, 0);
		assert_int_equal(post_status(), 503);
	}
	box.stage->hub = HUB_GRANTS;
	assert_int_equal(post(&why), 0);
	claim_is("enrolled", "TN0001");
}

static void the_hubs_no_is_kept(void **state)
{
	(void)state;
	struct fault why;
	box.stage->hub = HUB_SAYS_SPENT;
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "another box used it"));
	assert_int_equal(end_daemon(SIGKILL), 1000 + SIGKILL);
	start_daemon();
	claim_is("refused", "ask the ministry for a new one");
	wasl_Order order = usual_order();
	order.ticket[0] ^= 1;
	make_order(&order, by_enrol);
	box.stage->hub = HUB_GRANTS;
	assert_int_equal(post(&why), 0);
	claim_is("enrolled", "TN0001");
}

/* Posts the order from a process of its own, for whoever posts is left waiting when the daemon dies. */
static pid_t post_aside(void)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct fault why;
		post(&why);
		_exit(0);
	}
	return child;
}

static void killed_while_the_hub_thinks(void **state)
{
	(void)state;
	box.stage->hub = HUB_HOLDS;
	pid_t asker = post_aside();
	wait_told(PLAYER_ASKED);
	assert_int_equal(end_daemon(SIGKILL), 1000 + SIGKILL);
	assert_int_equal(waitpid(asker, NULL, 0), asker);
	box.stage->hub = HUB_GRANTS;
	sem_post(&box.stage->hold);
	start_daemon();
	wait_told(PLAYER_GRANTED); /* by itself */
	struct fault why;
	assert_int_equal(post(&why), 0); /* joins, or finds it done */
	claim_is("enrolled", "TN0001");
	assert_int_equal(box.stage->grants, 1);
}

static void killed_after_agentd_kept_the_grant(void **state)
{
	(void)state;
	box.stage->agent = AGENT_KEEPS_SILENT;
	pid_t asker = post_aside();
	wait_told(PLAYER_GRANTED);
	assert_int_equal(end_daemon(SIGKILL), 1000 + SIGKILL);
	assert_int_equal(waitpid(asker, NULL, 0), asker);
	start_daemon();
	struct fault why;
	assert_int_equal(post(&why), 0);
	claim_is("enrolled", "TN0001");
	/* neither the hub nor agentd was bothered again */
	assert_int_equal(box.stage->requests, 1);
	assert_int_equal(box.stage->grants, 1);
}

static void agentd_without_room(void **state)
{
	(void)state;
	struct fault why;
	box.stage->agent = AGENT_FULL;
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "did not keep the grant"));
	assert_non_null(strstr(why.text, "the disk is full"));
	claim_is("ordered", "the disk is full");
	assert_int_equal(end_daemon(SIGKILL), 1000 + SIGKILL);
	box.stage->agent = AGENT_KEEPS;
	start_daemon();
	wait_told(PLAYER_GRANTED);
	assert_int_equal(post(&why), 0);
	/* the grant had been kept: one request is enough */
	assert_int_equal(box.stage->requests, 1);
}

static void without_agentd(void **state)
{
	(void)state;
	struct fault why;
	kill(box.players, SIGKILL);
	assert_int_equal(waitpid(box.players, NULL, 0), box.players);
	assert_true(post(&why) < 0);
	assert_non_null(strstr(why.text, "systemctl start wasl-agentd"));
}

static void a_damaged_claim_file(void **state)
{
	(void)state;
	struct path file = paths_at("/var/lib/wasl/setup/claim.json");
	assert_int_equal(end_daemon(SIGTERM), 0);
	assert_int_equal(fileio_replace(file.at, "{\"format\":1,", 12, 0600, NULL), 0);
	start_daemon();
	claim_is("unclaimed", "belongs to no school yet");
	assert_int_equal(access(paths_at("%s.bad", file.at).at, F_OK), 0);
	struct fault why;
	assert_int_equal(post(&why), 0);
}

static void a_second_instance(void **state)
{
	(void)state;
	int status = 0;
	pid_t second = launch("second");
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(paths_at("%s/second", box.root).at, 65536, &text, &len, NULL),
			 0);
	assert_non_null(strstr(text, "is running already as process"));
	claim_is("unclaimed", "");
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		STAGED(enrols_once_however_often_asked),
		STAGED(bad_orders_leave_no_trace),
		STAGED(hubs_that_are_none_do_not_cost_the_order),
		STAGED(the_hubs_no_is_kept),
		STAGED(killed_while_the_hub_thinks),
		STAGED(killed_after_agentd_kept_the_grant),
		STAGED(agentd_without_room),
		STAGED(without_agentd),
		STAGED(a_damaged_claim_file),
		STAGED(a_second_instance),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("wasl-provisiond", tests, NULL, NULL);
}
