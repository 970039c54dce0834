/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PIO_HYPERCALL_LIST_DEVICE_H
#define PIO_HYPERCALL_LIST_DEVICE_H

#include <linux/compiler.h>
#include <linux/pio_hypercall.h>
#include <linux/types.h>

/* Longest list that can be posted: an IDE command's. */
#define PIO_LIST_POST_MAX	24

struct pio_standing;

/**
 * struct pio_standing_result - what a standing list has left
 * @list:	its elements, until the next pio_standing_arm()
 * @count:	how many there are
 * @left:	how many were not carried out
 * @order:	how many posted lists were done before it
 * @note:	what it was armed with
 */
struct pio_standing_result {
	const struct pio_hcall_access *list;
	unsigned int count;
	unsigned int left;
	u32 order;
	u64 note;
};

extern bool pio_list_open;

bool pio_list_instead(void);
int pio_list_init(void);
void pio_list_exit(void);
bool pio_list_post(const struct pio_hcall_access *list, unsigned int count,
		   u32 *order);
bool pio_list_reaches(phys_addr_t gpa);
bool pio_list_reads_strings(void);
void __pio_list_drain(void);

struct pio_standing *pio_standing_open(u32 source, unsigned int elements);
void pio_standing_stop(struct pio_standing *st);
void pio_standing_close(struct pio_standing *st);
void pio_standing_reset(struct pio_standing *st);
struct pio_hcall_access *pio_standing_room(struct pio_standing *st);
void pio_standing_arm(struct pio_standing *st, unsigned int count, u64 note);
bool pio_standing_armed(struct pio_standing *st);
bool pio_standing_done(struct pio_standing *st);
bool pio_standing_take(struct pio_standing *st, struct pio_standing_result *res);
bool pio_standing_passed(struct pio_standing *st);
bool pio_standing_works(struct pio_standing *st);

/**
 * pio_list_drain() - wait until all posted lists are carried out
 *
 * Before an access by any other way to a device that they may be about.
 *
 * Context: any but NMI.
 */
static inline void pio_list_drain(void)
{
	if (READ_ONCE(pio_list_open))
		__pio_list_drain();
}

#endif /* PIO_HYPERCALL_LIST_DEVICE_H */
