/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PIO_HYPERCALL_TRANSPORT_H
#define PIO_HYPERCALL_TRANSPORT_H

#include <linux/types.h>

/**
 * struct pio_hcall_host - what the host offers
 * @version:	its ABI version
 * @features:	PIO_HCALL_F_*, those this guest knows
 */
struct pio_hcall_host {
	u32 version;
	u32 features;
};

const char *pio_hcall_probe(struct pio_hcall_host *host);
u32 pio_hcall_in(u16 port, unsigned int size);
void pio_hcall_out(u16 port, u32 value, unsigned int size);
void pio_hcall_ins(u16 port, void *addr, unsigned long count,
		   unsigned int size);
void pio_hcall_outs(u16 port, const void *addr, unsigned long count,
		    unsigned int size);

/* pv_io.c: entered with the registers of an instruction, not by C. */
void pio_hcall_pv_inb(void);
void pio_hcall_pv_inw(void);
void pio_hcall_pv_inl(void);
void pio_hcall_pv_outb(void);
void pio_hcall_pv_outw(void);
void pio_hcall_pv_outl(void);
void pio_hcall_pv_insb(void);
void pio_hcall_pv_insw(void);
void pio_hcall_pv_insl(void);
void pio_hcall_pv_outsb(void);
void pio_hcall_pv_outsw(void);
void pio_hcall_pv_outsl(void);

#endif /* PIO_HYPERCALL_TRANSPORT_H */
