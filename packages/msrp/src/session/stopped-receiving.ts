/** What the sender of a message hears, with 413, when saving it is given up. */
export const STOPPED_RECEIVING = 'The recipient stopped receiving'
