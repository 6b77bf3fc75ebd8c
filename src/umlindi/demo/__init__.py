"""The living demo estate: invented people, drawn images, real peers on loopback, and the fault lab."""
