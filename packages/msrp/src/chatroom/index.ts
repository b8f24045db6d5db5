/**
 * Chat rooms (RFC 7701): messages to all or to one, nicknames, and what a room says to a message before it answers it. In
 * Node and in browsers.
 */
export { ChatRoom, type ChatRoomOptions, type RoomSendOptions } from './chat-room.ts'
export { useNickname } from './nickname.ts'
export { type RoomFacts, type RoomVerdict, roomVerdict } from './room-verdict.ts'
